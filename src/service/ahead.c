#include "service/ahead.h"

static const struct {
	enum method_id method;
	ahead_fn step;
} rows[] = {
	{ METHOD_IDENTITY_PROVIDERS_CREATE_IDENTITY_PROVIDER, ahead_create_provider },
	{ METHOD_IDENTITY_PROVIDERS_UPDATE_IDENTITY_PROVIDER, ahead_update_provider },
	{ METHOD_V1_IDENTITY_PROVIDERS_CREATE, v1_ahead_create_provider },
	{ METHOD_V1_IDENTITY_PROVIDERS_UPDATE, v1_ahead_update_provider },
};

ahead_fn ahead_find(enum method_id method)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].method == method)
			return rows[i].step;
	return NULL;
}
