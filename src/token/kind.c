#include "token/kind.h"

#include <assert.h>

#define WEBHOOK_LIFE_S 300
#define LOGIN_LIFE_S 300
#define REGISTRY_LIFE_S 60
#define REGISTRY_LIFE_MAX_S 300

static const struct kind_row rows[TOKEN_KIND_COUNT] = {
	[TOKEN_ACCESS] = {
		.name = "access", .typ = "at+jwt", .key = KIND_KEY_PUBLISHED,
		.audience = KIND_AUDIENCE_MINTED, .subject = KIND_SUBJECT_IDENTITY,
		.life_s = TOKEN_LIFE_MAX_S, .life_max_s = TOKEN_LIFE_MAX_S,
		.is_accepted_here = true,
		.accepted = "by every method, by Exchange for another audience or identity, as a registry password",
	},
	[TOKEN_REGISTRY] = {
		.name = "registry", .typ = "JWT", .key = KIND_KEY_CHAINED,
		.audience = KIND_AUDIENCE_REGISTRY, .subject = KIND_SUBJECT_ANYONE,
		.life_s = REGISTRY_LIFE_S, .life_max_s = REGISTRY_LIFE_MAX_S,
		.is_accepted_here = false,
		.accepted = "by the registry alone",
	},
	[TOKEN_LOGIN] = {
		.name = "login", .typ = "login+jwt", .key = KIND_KEY_PUBLISHED,
		.audience = KIND_AUDIENCE_CLIENT, .subject = KIND_SUBJECT_PERSON,
		.life_s = LOGIN_LIFE_S, .life_max_s = LOGIN_LIFE_S,
		.is_accepted_here = true,
		.accepted = "by Exchange without an identity, and by Register",
	},
	[TOKEN_WEBHOOK] = {
		.name = "webhook", .typ = "webhook+jwt", .key = KIND_KEY_PUBLISHED,
		.audience = KIND_AUDIENCE_CUSTOMER, .subject = KIND_SUBJECT_GROUP,
		.life_s = WEBHOOK_LIFE_S, .life_max_s = WEBHOOK_LIFE_S,
		.is_accepted_here = false,
		.accepted = "by receivers of webhooks alone",
	},
};

const struct kind_row *kind_row(enum token_kind kind)
{
	assert(kind < TOKEN_KIND_COUNT);
	return &rows[kind];
}

enum token_kind kind_by_typ(slice typ)
{
	unsigned kind = 0;

	while (kind < TOKEN_KIND_COUNT && !slice_is(typ, rows[kind].typ))
		kind++;
	return (enum token_kind)kind;
}
