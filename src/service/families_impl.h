/* What a refresh token looks like inside, for the file that makes them and for the fuzzer. */
#ifndef SERVICE_FAMILIES_IMPL_H
#define SERVICE_FAMILIES_IMPL_H

#include "service/families.h"

/* All that a token says; what is not in it is in its family's row. */
struct refresh_content {
	slice subject, client_id, family; /* family: hex */
	int64_t issued_s, expires_s, generation;
};

/* What a text says that may be a token, of whoever made it. FAULT_INVALID when it has not even the form. */
FALLIBLE refresh_content_read(struct arena *arena, slice text, struct refresh_content *ret_content);

#endif
