#include "crypto/x509.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/encode.h"
#include "crypto/key_impl.h"
#include "crypto/openssl_impl.h"

#define PEM_LINE_CHARS 64
#define PEM_BYTES_MAX 65536

struct extension {
	int nid;
	const char *value; /* in the library's notation */
};

static const struct extension authority_extensions[] = {
	{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
	{ NID_key_usage, "critical,keyCertSign,cRLSign" },
	{ NID_subject_key_identifier, "hash" },
	{ 0, NULL },
};

static const struct extension leaf_extensions[] = {
	{ NID_basic_constraints, "critical,CA:FALSE" },
	{ NID_key_usage, "critical,digitalSignature" },
	{ NID_subject_key_identifier, "hash" },
	{ NID_authority_key_identifier, "keyid:always" },
	{ 0, NULL },
};

static bool set_name(X509_NAME *name, slice common_name)
{
	return name && X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING,
						  (const unsigned char *)common_name.at, (int)common_name.len, -1, 0) == 1;
}

/* A positive INTEGER of 16 bytes (RFC 5280 section 4.1.2.2), never zero. */
static bool set_serial(X509 *cert, const unsigned char serial[16])
{
	unsigned char bytes[16];
	BIGNUM *number;
	bool ok;

	memcpy(bytes, serial, sizeof(bytes));
	bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40);
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
	BN_free(number);
	return ok;
}

static bool set_extensions(X509 *cert, X509 *issuer, const struct extension *list)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&ctx);
	for (; list->value; list++) {
		X509_EXTENSION *made = X509V3_EXT_conf_nid(NULL, &ctx, list->nid, list->value);
		bool ok = made && X509_add_ext(cert, made, -1) == 1;
		X509_EXTENSION_free(made);
		if (!ok)
			return false;
	}
	return true;
}

/* Everything but the issuer's name and signature. */
static bool fill(X509 *cert, const struct x509_terms *terms, const struct key *subject)
{
	return X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert, terms->serial) &&
	       ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)terms->not_before_s) &&
	       ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)terms->not_after_s) &&
	       set_name(X509_get_subject_name(cert), terms->name) && X509_set_pubkey(cert, subject->pkey) == 1;
}

static bool complete(X509 *cert, X509 *issuer, struct key *issuer_key, const struct extension *extensions)
{
	const struct algorithms *all;

	return !FAILED(algorithms_get(&all)) && X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1 &&
	       set_extensions(cert, issuer, extensions) && X509_sign(cert, issuer_key->pkey, all->digests[DIGEST_SHA256]) > 0;
}

static FALLIBLE check(const struct key *signer, const struct x509_terms *terms)
{
	if (!signer->is_private || signer->alg != ALG_ES256)
		return FAIL(FAULT_INVALID, "a certificate authority's key is a private ES256 key");
	if (terms->name.len == 0 || terms->name.len > X509_NAME_BYTES_MAX || !slice_is_text(terms->name))
		return FAIL(FAULT_INVALID, "a certificate's name has 1 to %d bytes of text", X509_NAME_BYTES_MAX);
	if (terms->not_after_s <= terms->not_before_s)
		return FAIL(FAULT_INVALID, "a certificate that is never valid");
	return OK;
}

/* Frees the certificate. */
static FALLIBLE put_der(X509 *cert, bool ok, struct buffer *out)
{
	unsigned char *der = NULL;
	int len = ok ? i2d_X509(cert, &der) : -1;

	X509_free(cert);
	if (len <= 0)
		return CRYPTO_FAIL("making a certificate");
	buffer_add(out, slice_of(der, (size_t)len));
	OPENSSL_free(der);
	if (buffer_failed(out))
		return FAIL(FAULT_EXHAUSTED, "no room for a certificate");
	return OK;
}

FALLIBLE x509_make_authority(struct key *key, const struct x509_terms *terms, struct buffer *out)
{
	X509 *cert;
	bool ok;

	TRY(check(key, terms));
	cert = X509_new();
	ok = cert && fill(cert, terms, key) && complete(cert, cert, key, authority_extensions);
	return put_der(cert, ok, out);
}

FALLIBLE x509_make_leaf(struct key *authority_key, slice authority_der, struct key *leaf, const struct x509_terms *terms,
			struct buffer *out)
{
	const unsigned char *at = (const unsigned char *)authority_der.at;
	X509 *authority, *cert;
	bool ok;

	TRY(check(authority_key, terms));
	authority = authority_der.len <= PEM_BYTES_MAX ? d2i_X509(NULL, &at, (long)authority_der.len) : NULL;
	if (!authority || X509_check_private_key(authority, authority_key->pkey) != 1) {
		X509_free(authority);
		crypto_forget();
		return FAIL(FAULT_INVALID, "the authority's certificate is not its key's");
	}
	cert = X509_new();
	ok = cert && fill(cert, terms, leaf) && complete(cert, authority, authority_key, leaf_extensions);
	X509_free(authority);
	return put_der(cert, ok, out);
}

void x509_put_pem(struct buffer *out, slice der)
{
	struct buffer text;
	slice rest;

	buffer_init(&text, NULL, PEM_BYTES_MAX);
	base64_encode(&text, BASE64_STANDARD, der);
	if (buffer_failed(&text))
		out->failed = true;
	buffer_text(out, "-----BEGIN CERTIFICATE-----\n");
	for (rest = buffer_slice(&text); rest.len; rest = slice_from(rest, PEM_LINE_CHARS)) {
		buffer_add(out, slice_to(rest, PEM_LINE_CHARS));
		buffer_byte(out, '\n');
	}
	buffer_text(out, "-----END CERTIFICATE-----\n");
	buffer_done(&text);
}

/* A text that asks for a password gets none: nobody sits at our terminal. */
static int no_password(char *into, int size, int writing, void *user)
{
	return -1;
}

FALLIBLE x509_from_pem(slice pem, struct buffer *out)
{
	X509 *cert;
	BIO *bio;

	if (pem.len == 0 || pem.len > PEM_BYTES_MAX)
		return FAIL(FAULT_INVALID, "a certificate in PEM has 1 to %d bytes", PEM_BYTES_MAX);
	bio = BIO_new_mem_buf(pem.at, (int)pem.len);
	cert = bio ? PEM_read_bio_X509(bio, NULL, no_password, NULL) : NULL;
	(void)BIO_free(bio); /* a memory BIO always frees */
	if (!cert) {
		crypto_forget();
		return FAIL(FAULT_INVALID, "no certificate in this PEM text");
	}
	return put_der(cert, true, out);
}
