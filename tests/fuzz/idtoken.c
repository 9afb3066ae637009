/*
 * idtoken: the claims of an ID token, as any provider might send them. Whom they let in has a subject, is meant for our client,
 * in its time; an address comes only verified; groups are a list of texts.
 */
#include <assert.h>

#include "fuzz.h"
#include "token/issuer_impl.h"

#define NOW_S INT64_C(1800000000)

static void check_groups(struct arena *arena, slice groups)
{
	const struct json *list;

	if (groups.len == 0)
		return;
	assert(!FAILED(json_parse(arena, groups, NULL, &list)) && json_is(list, JSON_ARRAY));
	JSON_EACH (group, list)
		assert(group->kind == JSON_STRING);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct idtoken_party party = { .name = { "signer", 6 },
						    .issuer = { "https://issuer.test", 19 },
						    .client_id = { "ours", 4 },
						    .groups_claim = { "roles", 5 } };
	struct arena *arena = arena_new((size_t)4 << 20);
	const struct json *claims;
	struct login login;

	if (arena && !FAILED(json_parse_object(arena, slice_of(data, size), NULL, &claims)) &&
	    !FAILED(idtoken_claims(arena, SLICE("JWT"), claims, &party, NOW_S, &login))) {
		assert(login.person.subject.len && slice_is(login.person.issuer, "https://issuer.test"));
		assert(idtoken_names(claims, party.client_id) && !json_member(claims, "events"));
		assert(login.issued_s <= NOW_S + LEEWAY_S && login.expires_s > NOW_S);
		assert(login.expires_s - login.issued_s <= S_PER_DAY);
		assert(login.person.email_is_verified || login.person.email.len == 0);
		assert(uid_is_root(&login.identity));
		check_groups(arena, login.person.groups);
	}
	arena = arena_free(arena);
	return 0;
}
