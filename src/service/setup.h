/*
 * setup: the first start of a store, and the one-time code by which operators come in.
 *
 * Promises  there is no default password: an operator is whoever holds a code printed on the server's own terminal; only its
 *           digest is kept, it lives an hour, ten wrong tries burn it, a new one replaces it, and it is taken over loopback or
 *           TLS alone.
 */
#ifndef SERVICE_SETUP_H
#define SERVICE_SETUP_H

#include "service/call.h"

#define SETUP_TRIES 10
#define SETUP_CODE_BYTES 16 /* "ABCD-EFGH" with its NUL, and room */

/* What a store must hold before it is served: the operators' group, the built-in roles, the key of page tokens. Runs under
 * store_write; random: 64 bytes drawn beforehand. *ret_is_new: the store had none of it. */
struct setup_start {
	int64_t now_us;
	uint8_t random[64];
	bool is_new;
};
status setup_prepare(struct tx *tx, void *start);
/* Reads what setup_prepare wrote: the operators' group and the page key (32 bytes, in the tx's arena). */
FALLIBLE setup_read(struct tx *tx, struct uid *ret_system_group, slice *ret_page_key);

/* A fresh code of 40 bits from an alphabet without look-alikes, and the row that remembers it. */
FALLIBLE setup_code_new(struct random *random, int64_t now_us, int64_t life_s, char ret_code[SETUP_CODE_BYTES],
			uint8_t ret_digest[32], struct setup_code *ret_row);
/* Keeps this code and no other: what was printed before opens nothing from then on. Runs under store_write; row: struct
 * setup_code. */
status setup_code_put(struct tx *tx, void *row);
/* SHA-256 of the canonical form: upper case, without blanks and dashes. False when it is no code at all. */
bool setup_code_digest(slice code, uint8_t ret_digest[32]);

#endif
