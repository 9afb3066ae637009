#include "model/role.h"

#include <assert.h>
#include <pthread.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "model/rules.h"

/* Never changed: bindings name built-in roles by the uids it gives. */
#define ROLE_LABEL "reeve built-in role uid v1:"
#define VIEWER_UID "63921b2c44617e3f2603851537be0123af4a57d7" /* the only public one (spec model.md 6.2) */
#define LABEL_AND_NAME_BYTES 256
#define ITEMS_MAX 128 /* what one row of roles.def may list */

/* What a row grants: a capability's bit, or an earlier row as a negative number. */
#define CAP(symbol) CAP_##symbol##_BIT
#define WITH(symbol) (-1 - ROLE_##symbol)

struct builtin {
	const char *name, *description;
	size_t items_count;
	short items[ITEMS_MAX];
};

static const struct builtin builtins[ROLE_BUILTIN_COUNT] = {
#define ROLE(symbol, name_, description_, ...)                                               \
	[ROLE_##symbol] = { .name = (name_),                                                 \
			    .description = (description_),                                   \
			    .items_count = sizeof((short[]){ __VA_ARGS__ }) / sizeof(short), \
			    .items = { __VA_ARGS__ } },
#include "roles.def"
#undef ROLE
};

static pthread_once_t rows_once = PTHREAD_ONCE_INIT;
static struct role rows[ROLE_BUILTIN_COUNT];

static struct uid builtin_uid(const char *name)
{
	char text[LABEL_AND_NAME_BYTES];
	unsigned char digest[SHA256_BYTES];
	int len = snprintf(text, sizeof(text), "%s%s", ROLE_LABEL, name);
	status made;

	assert(len > 0 && (size_t)len < sizeof(text)); /* names are ours */
	made = sha256(slice_of(text, (size_t)len), digest);
	assert(!FAILED(made)); /* without a digest at start nothing can work */
	return uid_new_root(digest);
}

static void make_rows(void)
{
	for (int i = 0; i < ROLE_BUILTIN_COUNT; i++) {
		const struct builtin *from = &builtins[i];
		struct role *role = &rows[i];
		role->uid = builtin_uid(from->name);
		role->name = slice_str(from->name);
		role->description = slice_str(from->description);
		for (size_t item = 0; item < from->items_count; item++) {
			short what = from->items[item];
			assert(what > -1 - i); /* an earlier row */
			if (what < 0)
				role->caps = caps_or(role->caps, rows[-1 - what].caps);
			else
				caps_add(&role->caps, (unsigned)what);
		}
	}
	(void)uid_parse(SLICE(VIEWER_UID), &rows[ROLE_VIEWER].uid); /* a literal, and a test reads it back */
}

const struct role *role_builtin_rows(size_t *ret_count)
{
	(void)pthread_once(&rows_once, make_rows); /* cannot fail with an initialised control */
	*ret_count = ROLE_BUILTIN_COUNT;
	return rows;
}

const struct role *role_builtin_by_uid(const struct uid *uid)
{
	size_t count;
	const struct role *all = role_builtin_rows(&count);

	if (!uid_is_root(uid))
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (uid_eq(&all[i].uid, uid))
			return &all[i];
	return NULL;
}

const struct role *role_builtin_by_name(slice name)
{
	size_t count;
	const struct role *all = role_builtin_rows(&count);

	for (size_t i = 0; i < count; i++)
		if (slice_eq(all[i].name, name))
			return &all[i];
	return NULL;
}

bool role_is_builtin_name(slice name)
{
	return role_builtin_by_name(name);
}

status role_caps_check(const struct caps *caps, const char *field)
{
	struct caps public = caps_public(*caps), own = caps_minus(*caps, public);
	const struct cap_row *row;

	if (caps_is_empty(caps))
		return FAIL_FIELD(field, "a role needs at least one capability");
	if (!caps_is_empty(&own))
		return FAIL_FIELD(field, "operators' capabilities cannot stand in a custom role");
	for (unsigned bit = 0; bit < CAPS_BITS; bit++) {
		row = caps_has(caps, bit) ? cap_by_bit(bit) : NULL;
		if (row && row->is_internal && !caps_has(caps, CAP_INTERNAL_BIT))
			return FAIL_FIELD(field, "%s can be granted only beside the capability internal", row->name);
	}
	return OK;
}

status role_name_check(slice name, const char *field)
{
	TRY(rule_name(name, field));
	if (role_is_builtin_name(name))
		return FAIL_FIELD(field, "is the name of a built-in role");
	return OK;
}
