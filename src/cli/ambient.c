/*
 * ambient: the identity token that the place we run in offers.
 */
#include "cli/ambient.h"

#include "base/encode.h"
#include "cli/client.h"
#include "cli/files.h"

static const char *const mounted[] = { "/var/run/reeve/oidc/oidc-token", "/var/run/chainguard/oidc/oidc-token",
				       "/var/run/chainguard/chainctl/oidc-token" };

/* https://docs.github.com/actions: the runner's own end point mints a token for the audience asked for. */
static FALLIBLE from_github(struct cli *cli, slice *ret_token)
{
	const char *url = getenv("ACTIONS_ID_TOKEN_REQUEST_URL"), *bearer = getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN");
	struct sending sending = { .verb = "GET", .bearer = slice_str(bearer), .what = "asking GitHub Actions for a token" };
	const struct json *answer;
	struct buffer text;
	slice body;

	if (!url || !*url || !bearer || !*bearer)
		return OK;
	buffer_init(&text, cli->arena, CLI_FILE_BYTES_MAX);
	buffer_printf(&text, "%s%caudience=", url, strchr(url, '?') ? '&' : '?');
	percent_encode(&text, PERCENT_QUERY, CONFIG(cli, PLATFORM_ISSUER_NAME));
	sending.url = buffer_slice(&text);
	TRY(client_send(cli, &sending, &body));
	if (FAILED(json_parse_object(cli->arena, body, NULL, &answer)) || json_at(answer, "value").len == 0)
		return FAIL(FAULT_INTERNAL, "%s: the answer holds none; does the job have `permissions: id-token: write`?",
			    sending.what);
	*ret_token = json_at(answer, "value");
	return OK;
}

static FALLIBLE from_file(struct cli *cli, const char *path, slice *ret_token)
{
	slice text;

	TRY(file_read(cli->arena, path, &text));
	*ret_token = text.at ? slice_trim(text) : slice_str("");
	return OK;
}

FALLIBLE ambient_token(struct cli *cli, slice *ret_token)
{
	*ret_token = slice_str("");
	TRY(from_github(cli, ret_token));
	if (ret_token->len == 0)
		*ret_token = slice_trim(slice_str(getenv("REEVE_ID_TOKEN")));
	for (size_t i = 0; ret_token->len == 0 && i < sizeof(mounted) / sizeof(*mounted); i++)
		TRY(from_file(cli, mounted[i], ret_token));
	return OK;
}

/* Three parts between dots make a token; a path of that shape would have to be written ./a.b.c */
static bool is_token(slice text)
{
	size_t dots = 0;

	if (text.len > 255)
		return true; /* too long for a file's name; an AWS request has no dots */
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '/')
			return false;
		dots += text.at[i] == '.';
	}
	return dots == 2 && text.len > 40;
}

FALLIBLE identity_token(struct cli *cli, slice given, slice *ret_token)
{
	char *path = arena_text(cli->arena, given);

	TRY_NEW(path);
	if (is_token(given) && !file_exists(path)) {
		*ret_token = given;
		return OK;
	}
	TRY(from_file(cli, path, ret_token));
	if (ret_token->len == 0)
		return FAIL(FAULT_INVALID, "--identity-token: %s is no file with a token, and no token itself", path);
	return OK;
}
