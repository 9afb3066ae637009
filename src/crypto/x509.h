/*
 * x509: the two certificates a registry needs: our own long-lived authority, and leaves below it that carry the keys of
 * the day in a token's x5c (RFC 5280, RFC 7515 section 4.1.6).
 *
 * Promises  an authority may sign leaves only (path length 0), a leaf may sign data only.
 * Start at  x509_make_authority(), x509_make_leaf().
 */
#ifndef CRYPTO_X509_H
#define CRYPTO_X509_H

#include "base/buffer.h"
#include "crypto/key.h"

#define X509_NAME_BYTES_MAX 64 /* RFC 5280 ub-common-name */

struct x509_terms {
	slice name;                        /* common name: 1..64 bytes of UTF-8 */
	int64_t not_before_s, not_after_s; /* seconds since 1970 */
	unsigned char serial[16];          /* random; the top bit is ignored */
};

/* A self-signed authority; key is a private ES256 key. Appends DER. */
FALLIBLE x509_make_authority(struct key *key, const struct x509_terms *terms, struct buffer *out);
/* A leaf for the public half of `leaf`, signed by the authority's key and named as issued by its certificate. Appends DER.
 * FAULT_INVALID when the certificate is not that key's. */
FALLIBLE x509_make_leaf(struct key *authority_key, slice authority_der, struct key *leaf, const struct x509_terms *terms,
			struct buffer *out);
/* "-----BEGIN CERTIFICATE-----": what a registry reads as its rootcertbundle. */
void x509_put_pem(struct buffer *out, slice der);
/* The certificate in a PEM text. FAULT_INVALID when there is none. */
FALLIBLE x509_from_pem(slice pem, struct buffer *out);

#endif
