/*
 * certificate: a self-made certificate and key as PEM files for one test, removed by certificate_remove().
 */
#ifndef TESTS_UNIT_NET_CERTIFICATE_H
#define TESTS_UNIT_NET_CERTIFICATE_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct certificate_files {
	char folder[32], certificate[64], key[64];
};

/* Writes (or replaces) both files for CN=name. */
static inline bool certificate_write(struct certificate_files *files, const char *name)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x509 = X509_new();
	FILE *out;
	bool ok = key && x509;

	ok = ok && X509_set_version(x509, 2) && ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) &&
	     X509_gmtime_adj(X509_getm_notBefore(x509), -60) && X509_gmtime_adj(X509_getm_notAfter(x509), 3600) &&
	     X509_set_pubkey(x509, key) &&
	     X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1,
					0) &&
	     X509_set_issuer_name(x509, X509_get_subject_name(x509)) && X509_sign(x509, key, EVP_sha256());
	if (ok && (out = fopen(files->certificate, "w"))) {
		ok = PEM_write_X509(out, x509) == 1;
		fclose(out);
	}
	if (ok && (out = fopen(files->key, "w"))) {
		ok = PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1;
		fclose(out);
	}
	X509_free(x509);
	EVP_PKEY_free(key);
	return ok;
}

static inline bool certificate_make(struct certificate_files *files, const char *name)
{
	*files = (struct certificate_files){ .folder = "/tmp/reeve-test-XXXXXX" };
	if (!mkdtemp(files->folder))
		return false;
	(void)snprintf(files->certificate, sizeof(files->certificate), "%s/cert.pem", files->folder); /* fits */
	(void)snprintf(files->key, sizeof(files->key), "%s/key.pem", files->folder);                  /* fits */
	return certificate_write(files, name);
}

static inline void certificate_remove(struct certificate_files *files)
{
	(void)unlink(files->certificate); /* nothing to do about a leftover */
	(void)unlink(files->key);
	(void)rmdir(files->folder);
}

#endif
