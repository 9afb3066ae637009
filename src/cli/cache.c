/*
 * cache: tokens on disk.
 */
#include "cli/cache.h"

#include <dirent.h>
#include <unistd.h>

#include "cli/claims.h"
#include "cli/files.h"

#define SHARED_PROGRAM "chainguard" /* where the public Go SDK and the Terraform provider look */

static const char *const file_names[] = { [CACHED_ACCESS] = "oidc-token", [CACHED_REFRESH] = "refresh-token" };
#define LOCK_NAME ".lock"

FALLIBLE cache_name(slice audience, char ret_name[CACHE_NAME_BYTES])
{
	if (audience.len == 0 || audience.len >= CACHE_NAME_BYTES || slice_is(audience, ".") || slice_is(audience, ".."))
		return FAIL(FAULT_INVALID, "\"%.*s\" is no audience", SLICE_ARG(slice_to(audience, 64)));
	for (size_t i = 0; i < audience.len; i++) {
		unsigned char c = (unsigned char)audience.at[i];

		if (c <= 0x20 || c == 0x7f)
			return FAIL(FAULT_INVALID, "an audience has no blanks or control characters");
		ret_name[i] = c == '/' ? '-' : (char)c;
	}
	ret_name[audience.len] = '\0';
	return OK;
}

static FALLIBLE path_of(struct cli *cli, const char *program, slice audience, const char *file, const char **ret_path)
{
	char name[CACHE_NAME_BYTES];
	const char *folder, *path;

	TRY(cache_name(audience, name));
	TRY(path_cache(cli->arena, program, &folder));
	path = arena_printf(cli->arena, "%s/%s%s%s", folder, name, *file ? "/" : "", file);
	TRY_NEW(path);
	*ret_path = path;
	return OK;
}

FALLIBLE cache_read(struct cli *cli, slice audience, enum cached kind, slice *ret_token)
{
	const char *path;
	slice text;

	TRY(path_of(cli, "reeve", audience, file_names[kind], &path));
	TRY(file_read(cli->arena, path, &text));
	*ret_token = text.at ? slice_trim(text) : slice_str("");
	return OK;
}

FALLIBLE cache_write(struct cli *cli, slice audience, enum cached kind, slice token)
{
	const char *path;

	TRY(path_of(cli, "reeve", audience, file_names[kind], &path));
	TRY(file_write(cli->arena, path, token, 0600));
	if (kind != CACHED_ACCESS || !config_on(&cli->config, CONFIG_ID_AUTH_SHARED_CACHE))
		return OK;
	TRY(path_of(cli, SHARED_PROGRAM, audience, file_names[kind], &path));
	return file_write(cli->arena, path, token, 0600);
}

static FALLIBLE remove_folder(struct cli *cli, const char *folder)
{
	static const char *const names[] = { "oidc-token", "refresh-token", LOCK_NAME };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *path = arena_printf(cli->arena, "%s/%s", folder, names[i]);

		TRY_NEW(path);
		TRY(file_remove(path));
	}
	(void)rmdir(folder); /* stays when somebody else keeps something there */
	return OK;
}

FALLIBLE cache_remove(struct cli *cli, slice audience)
{
	const char *folder;

	TRY(path_of(cli, "reeve", audience, "", &folder));
	TRY(remove_folder(cli, folder));
	if (!config_on(&cli->config, CONFIG_ID_AUTH_SHARED_CACHE))
		return OK;
	TRY(path_of(cli, SHARED_PROGRAM, audience, "", &folder));
	return remove_folder(cli, folder);
}

FALLIBLE cache_drop(struct cli *cli, slice audience, enum cached kind)
{
	const char *path;

	TRY(path_of(cli, "reeve", audience, file_names[kind], &path));
	return file_remove(path);
}

/* Names of the folders in the cache; hidden ones are not ours. */
static FALLIBLE folders(struct cli *cli, const char **ret_root, slice **ret_names, size_t *ret_count)
{
	slice *names = NEW_N(cli->arena, slice, CACHE_AUDIENCES_MAX);
	struct dirent *entry;
	DIR *dir;

	TRY_NEW(names);
	TRY(path_cache(cli->arena, "reeve", ret_root));
	*ret_count = 0;
	*ret_names = names;
	dir = opendir(*ret_root);
	if (!dir)
		return OK; /* nothing was ever cached */
	while (*ret_count < CACHE_AUDIENCES_MAX && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		names[*ret_count] = arena_copy(cli->arena, slice_str(entry->d_name));
		if (names[*ret_count].at)
			(*ret_count)++;
	}
	closedir(dir);
	return OK;
}

FALLIBLE cache_remove_all(struct cli *cli)
{
	const char *root;
	slice *names;
	size_t count;

	TRY(folders(cli, &root, &names, &count));
	for (size_t i = 0; i < count; i++) {
		const char *folder = arena_printf(cli->arena, "%s/%.*s", root, SLICE_ARG(names[i]));

		TRY_NEW(folder);
		if (config_on(&cli->config, CONFIG_ID_AUTH_SHARED_CACHE))
			TRY(cache_remove(cli, names[i]));
		TRY(remove_folder(cli, folder));
	}
	return OK;
}

FALLIBLE cache_audiences(struct cli *cli, slice **ret_audiences, size_t *ret_count)
{
	size_t count, kept = 0;
	const char *root;
	slice *names;

	TRY(folders(cli, &root, &names, &count));
	for (size_t i = 0; i < count; i++) {
		struct claims claims;
		slice token;

		TRY(cache_read(cli, names[i], CACHED_ACCESS, &token)); /* a folder's name names itself */
		if (token.len > 0 && !FAILED(claims_read(cli->arena, token, &claims)) && claims.audience.len > 0)
			names[kept++] = claims.audience;
	}
	*ret_audiences = names;
	*ret_count = kept;
	return OK;
}

FALLIBLE cache_lock(struct cli *cli, slice audience, int *ret_lock)
{
	const char *path;

	TRY(path_of(cli, "reeve", audience, LOCK_NAME, &path));
	return file_lock(cli->arena, path, ret_lock);
}
