/*
 * provider_answer: the first byte chooses what a provider sends: a discovery document, an ID token's claims, GitHub's user or
 * addresses. What is taken is what the reader promises.
 */
#include <assert.h>

#include "fetch/url.h"
#include "fuzz.h"
#include "login/upstream_impl.h"

#define ISSUER SLICE("https://idp.example")

static void read_document(const struct json *body, bool has_secret)
{
	struct oidc_document document;
	struct url url;

	if (FAILED(oidc_document_read(body, ISSUER, has_secret, &document)))
		return;
	assert(!FAILED(url_parse(document.authorize_url, &url)) && !FAILED(url_parse(document.token_url, &url)));
	assert(has_secret || !document.by_post);
}

static void read_claims(const struct json *claims)
{
	if (!FAILED(oidc_claims_check(claims, ISSUER, SLICE("client"), SLICE("nonce"))))
		assert(json_text_is(json_member(claims, "nonce"), "nonce") &&
		       json_text_is(json_member(claims, "iss"), "https://idp.example"));
}

static void read_github(struct arena *arena, const struct json *body)
{
	struct person person = { 0 };
	uint64_t number;

	if (!FAILED(github_user_read(arena, body, &person)))
		assert(slice_number(person.subject, UINT64_MAX, &number) && number > 0);
	github_emails_read(body, &person);
	assert(person.email_is_verified == (person.email.at != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)8 << 20);
	const struct json *body;

	if (arena && size && !FAILED(json_parse(arena, slice_of(data + 1, size - 1), NULL, &body))) {
		if (data[0] % 4 < 2)
			read_document(body, data[0] % 4 == 1);
		else if (data[0] % 4 == 2)
			read_claims(body);
		else
			read_github(arena, body);
	}
	arena = arena_free(arena);
	return 0;
}
