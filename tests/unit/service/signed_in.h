/*
 * signed_in: a person in the world of world.h, and sessions of theirs: begun by signing in, used by exchanging their tokens.
 */
#ifndef TESTS_UNIT_SERVICE_SIGNED_IN_H
#define TESTS_UNIT_SERVICE_SIGNED_IN_H

#include "world.h"

#include "service/families.h"

static struct uid person_uid;
static const struct person ada = { .issuer = { "https://idp.example.com", 23 },
				   .subject = { "ada", 3 },
				   .connection = { "example", 7 },
				   .email = { "ada@example.com", 15 },
				   .email_is_verified = true,
				   .name = { "Ada", 3 } };

static status add_person(struct tx *tx, void *arg)
{
	struct identity row = { .uid = person_uid, .name = SLICE("ada"), .created_us = (NOW_S - 10) * US_PER_S };

	(void)arg;
	return row_insert(tx, &table_identities, &row);
}

static int open_world(void **state)
{
	CHECK(world_open(state) == 0);
	parts.nested = world_nest;
	world_open_trail();
	CHECK_OK(user_uid(ada.issuer, ada.subject, &person_uid));
	CHECK_OK(world_change(add_person, NULL));
	return 0;
}

static int close_world(void **state)
{
	world_close_trail();
	return world_close(state);
}

/* ---- steps ---- */

static void at(int64_t us)
{
	clock_move(&now, NOW_S * US_PER_S + us);
}

static const slice api = { URL, sizeof(URL) - 1 };

static slice begin_as(struct person person)
{
	struct people_want want = { .audiences = &api, .audiences_count = 1 };
	struct world_call *made = as(NULL, METHOD_V1_SECURITY_TOKEN_EXCHANGE);
	struct minted login;
	slice token = { 0 };

	CHECK_OK(token_login_mint(parts.issuer, arena, &person, SLICE("reeve"), &login));
	CHECK_OK(people_session(&made->call, login.text, &want, &token));
	CHECK(token.len > 0);
	return token;
}

static FALLIBLE use_for(slice token, const char *client, slice audience, slice *ret_access, slice *ret_next)
{
	struct world_call *made = as(NULL, METHOD_V1_SECURITY_TOKEN_EXCHANGE_REFRESH_TOKEN);
	struct exchange in = { .audiences = &audience, .audiences_count = 1, .may_block = true };
	struct exchanged done = { 0 };

	TRY(family_use(&made->call, token, slice_str(client), &in, &done, ret_next));
	*ret_access = done.token.text;
	return OK;
}

static FALLIBLE use(slice token, slice *ret_next)
{
	slice access = { 0 };

	TRY(use_for(token, "reeve", api, &access, ret_next));
	CHECK(access.len > 0);
	return OK;
}

static struct uid provider_uid;

static status add_provider(struct tx *tx, void *arg)
{
	struct provider row = {
		.parent = org, .name = SLICE("own"), .issuer = ada.issuer, .client_id = SLICE("reeve"), .is_pkce = true
	};

	(void)arg;
	TRY(uid_new_child(&org, (const uint8_t *)"provider", &row.uid));
	provider_uid = row.uid;
	return row_put(tx, &table_providers, &row);
}

/* Who signed in at the organization's own provider. */
static inline struct person confined_ada(void)
{
	struct person confined = ada;

	CHECK_OK(world_change(add_provider, NULL));
	confined.confined_to = org;
	confined.connection = slice_str(uid_text(&provider_uid, arena));
	return confined;
}

#endif
