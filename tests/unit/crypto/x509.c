#include "test.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/mem.h"
#include "crypto/x509.h"

#define NOW INT64_C(1800000000)
#define DAY INT64_C(86400)

static const struct x509_terms authority_terms = { .name = SLICE("registry authority"),
						   .not_before_s = NOW - DAY,
						   .not_after_s = NOW + 20 * 365 * DAY,
						   .serial = { 0xff, 2 } };
static const struct x509_terms leaf_terms = {
	.name = SLICE("k\xc3\xa9y of the day"), .not_before_s = NOW - DAY, .not_after_s = NOW + 60 * DAY, .serial = { 0 }
};

struct pair {
	struct key *authority_key, *leaf_key;
	struct buffer authority, leaf;
};

static struct pair made_pair(enum alg leaf_alg)
{
	struct pair pair = { 0 };

	CHECK_OK(key_new(ALG_ES256, &pair.authority_key));
	CHECK_OK(key_new(leaf_alg, &pair.leaf_key));
	buffer_init(&pair.authority, NULL, 4096);
	buffer_init(&pair.leaf, NULL, 4096);
	CHECK_OK(x509_make_authority(pair.authority_key, &authority_terms, &pair.authority));
	CHECK_OK(x509_make_leaf(pair.authority_key, buffer_slice(&pair.authority), pair.leaf_key, &leaf_terms, &pair.leaf));
	return pair;
}

static void drop_pair(struct pair *pair)
{
	pair->authority_key = key_unref(pair->authority_key);
	pair->leaf_key = key_unref(pair->leaf_key);
	buffer_done(&pair->authority);
	buffer_done(&pair->leaf);
}

static X509 *read_der(const struct buffer *der)
{
	const unsigned char *at = (const unsigned char *)der->at;
	X509 *cert = d2i_X509(NULL, &at, (long)der->len);

	assert_non_null(cert);
	CHECK(at == (const unsigned char *)der->at + der->len);
	return cert;
}

/* What a registry does with x5c: the chain from its root bundle, at a time. X509_V_OK or why not. */
static int chain_verdict(const struct buffer *root, const struct buffer *leaf, int64_t at_s)
{
	X509 *root_cert = read_der(root), *leaf_cert = read_der(leaf);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int verdict;

	CHECK(X509_STORE_add_cert(store, root_cert) == 1);
	CHECK(X509_STORE_CTX_init(ctx, store, leaf_cert, NULL) == 1);
	X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), (time_t)at_s);
	X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(ctx), X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
	(void)X509_verify_cert(ctx); /* the error says it all */
	verdict = X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	X509_free(root_cert);
	X509_free(leaf_cert);
	ERR_clear_error();
	return verdict;
}

TEST(a_leaf_chains_to_its_authority_while_both_are_valid)
{
	static const enum alg algs[] = { ALG_ES256, ALG_RS256, ALG_EDDSA };

	for (size_t i = 0; i < sizeof(algs) / sizeof(*algs); i++) {
		struct pair pair = made_pair(algs[i]);
		CHECK_INT(chain_verdict(&pair.authority, &pair.leaf, NOW), X509_V_OK);
		CHECK_INT(chain_verdict(&pair.authority, &pair.leaf, NOW - DAY + 60), X509_V_OK); /* backdated */
		CHECK_INT(chain_verdict(&pair.authority, &pair.leaf, NOW + 61 * DAY), X509_V_ERR_CERT_HAS_EXPIRED);
		CHECK_INT(chain_verdict(&pair.authority, &pair.leaf, NOW - 2 * DAY), X509_V_ERR_CERT_NOT_YET_VALID);
		drop_pair(&pair);
	}
}

TEST(a_leaf_of_another_authority_of_the_same_name_does_not_chain)
{
	struct pair one = made_pair(ALG_ES256), two = made_pair(ALG_ES256);

	CHECK(chain_verdict(&one.authority, &two.leaf, NOW) != X509_V_OK);
	drop_pair(&one);
	drop_pair(&two);
}

TEST(an_authority_signs_leaves_only_and_a_leaf_signs_data_only)
{
	struct pair pair = made_pair(ALG_ES256);
	X509 *authority = read_der(&pair.authority), *leaf = read_der(&pair.leaf);

	CHECK(X509_check_ca(authority) == 1 && X509_get_pathlen(authority) == 0);
	CHECK_INT(X509_get_key_usage(authority), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	CHECK(X509_check_ca(leaf) == 0);
	CHECK_INT(X509_get_key_usage(leaf), KU_DIGITAL_SIGNATURE);
	CHECK(X509_get_version(leaf) == X509_VERSION_3);
	X509_free(authority);
	X509_free(leaf);
	drop_pair(&pair);
}

TEST(a_certificate_carries_the_key_the_name_and_a_positive_serial)
{
	struct pair pair = made_pair(ALG_ES256);
	X509 *leaf = read_der(&pair.leaf);
	unsigned char *der = NULL;
	struct buffer spki;
	char name[100];
	int len;

	buffer_init(&spki, NULL, 4096);
	CHECK_OK(key_put_public_der(pair.leaf_key, &spki));
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &der);
	CHECK(len > 0 && slice_eq(slice_of(der, (size_t)len), buffer_slice(&spki)));
	OPENSSL_free(der);
	CHECK(X509_NAME_get_text_by_NID(X509_get_subject_name(leaf), NID_commonName, name, sizeof(name)) > 0);
	assert_string_equal(name, "k\xc3\xa9y of the day");
	CHECK(X509_NAME_get_text_by_NID(X509_get_issuer_name(leaf), NID_commonName, name, sizeof(name)) > 0);
	assert_string_equal(name, "registry authority");
	CHECK(ASN1_STRING_type(X509_get0_serialNumber(leaf)) == V_ASN1_INTEGER); /* not V_ASN1_NEG_INTEGER */
	CHECK_INT(ASN1_STRING_length(X509_get0_serialNumber(leaf)), 16);
	X509_free(leaf);
	leaf = read_der(&pair.authority); /* its serial began with ff */
	CHECK(ASN1_STRING_type(X509_get0_serialNumber(leaf)) == V_ASN1_INTEGER);
	X509_free(leaf);
	buffer_done(&spki);
	drop_pair(&pair);
}

TEST(what_makes_no_certificate_is_refused)
{
	struct pair pair = made_pair(ALG_ES256), other = made_pair(ALG_EDDSA);
	struct x509_terms terms = leaf_terms;
	char long_name[65];
	struct buffer out;

	memset(long_name, 'x', sizeof(long_name));
	buffer_init(&out, NULL, 4096);
	/* An authority's certificate of another key, and none at all. */
	CHECK_FAULT(FAULT_INVALID,
		    x509_make_leaf(pair.authority_key, buffer_slice(&other.authority), pair.leaf_key, &terms, &out));
	CHECK_FAULT(FAULT_INVALID, x509_make_leaf(pair.authority_key, SLICE("nothing"), pair.leaf_key, &terms, &out));
	CHECK_FAULT(FAULT_INVALID, x509_make_leaf(pair.authority_key, SLICE(""), pair.leaf_key, &terms, &out));
	CHECK_FAULT(FAULT_INVALID, x509_make_authority(other.leaf_key, &terms, &out));
	terms.name = slice_of(long_name, 65);
	CHECK_FAULT(FAULT_INVALID, x509_make_authority(pair.authority_key, &terms, &out));
	terms.name = SLICE("");
	CHECK_FAULT(FAULT_INVALID, x509_make_authority(pair.authority_key, &terms, &out));
	terms.name = slice_of(long_name, 64);
	CHECK_OK(x509_make_authority(pair.authority_key, &terms, &out));
	terms.not_after_s = terms.not_before_s;
	CHECK_FAULT(FAULT_INVALID, x509_make_authority(pair.authority_key, &terms, &out));
	CHECK_INT(ERR_peek_error(), 0);
	buffer_done(&out);
	drop_pair(&pair);
	drop_pair(&other);
}

TEST(pem_is_what_the_library_reads_back)
{
	struct pair pair = made_pair(ALG_ES256);
	struct buffer pem, der;

	buffer_init(&pem, NULL, 8192);
	buffer_init(&der, NULL, 8192);
	x509_put_pem(&pem, buffer_slice(&pair.authority));
	CHECK(!buffer_failed(&pem) && slice_starts(buffer_slice(&pem), SLICE("-----BEGIN CERTIFICATE-----\nMII")));
	CHECK(slice_ends(buffer_slice(&pem), SLICE("\n-----END CERTIFICATE-----\n")));
	CHECK_OK(x509_from_pem(buffer_slice(&pem), &der));
	CHECK(slice_eq(buffer_slice(&der), buffer_slice(&pair.authority)));
	CHECK_FAULT(FAULT_INVALID, x509_from_pem(SLICE("nothing"), &der));
	CHECK_FAULT(FAULT_INVALID, x509_from_pem(slice_to(buffer_slice(&pem), 100), &der));
	CHECK_INT(ERR_peek_error(), 0);
	buffer_done(&pem);
	buffer_done(&der);
	drop_pair(&pair);
}

TESTS(a_leaf_chains_to_its_authority_while_both_are_valid, a_leaf_of_another_authority_of_the_same_name_does_not_chain,
      an_authority_signs_leaves_only_and_a_leaf_signs_data_only, a_certificate_carries_the_key_the_name_and_a_positive_serial,
      what_makes_no_certificate_is_refused, pem_is_what_the_library_reads_back)
