/*
 * kept: what `docker login` gave the credential helper to keep, by host, in a file of our own (0600).
 */
#include "cli/client.h"
#include "cli/docker.h"
#include "cli/files.h"
#include "cli/print.h"

#define KEPT_FILE "docker-credentials.json"

static FALLIBLE kept_path(struct cli *cli, const char **ret_path)
{
	return path_config(cli->arena, KEPT_FILE, ret_path);
}

FALLIBLE kept_all(struct cli *cli, const struct json **ret_object)
{
	static const struct json empty = { .kind = JSON_OBJECT };
	const char *path;
	slice text;

	TRY(kept_path(cli, &path));
	TRY(file_read(cli->arena, path, &text));
	*ret_object = &empty;
	if (!text.at || slice_trim(text).len == 0)
		return OK;
	if (FAILED(json_parse_object(cli->arena, text, NULL, ret_object)))
		return FAIL(FAULT_INVALID, "%s is damaged; remove it and log in again", path);
	return OK;
}

static const struct json *entry_of(const struct json *all, slice host)
{
	JSON_EACH (entry, all)
		if (slice_eq(entry->name, host))
			return entry;
	return NULL;
}

FALLIBLE kept_find(struct cli *cli, slice host, slice *ret_user, slice *ret_secret)
{
	const struct json *all, *entry;

	TRY(kept_all(cli, &all));
	entry = entry_of(all, host);
	*ret_user = json_at(entry, "Username");
	*ret_secret = json_at(entry, "Secret");
	return OK;
}

static FALLIBLE write_all(struct cli *cli, const struct json *all)
{
	const char *path;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	status st;

	if (!out)
		return FAIL(FAULT_EXHAUSTED, "no memory for the credentials");
	print_json(out, all);
	st = fclose(out) == 0 ? kept_path(cli, &path) : FAIL(FAULT_EXHAUSTED, "no memory for the credentials");
	if (!FAILED(st))
		st = file_write(cli->arena, path, slice_of(text, len), 0600);
	free(text); /* open_memstream's own memory */
	return st;
}

/* Replaces or (entry NULL) removes under the file's lock: Docker runs helpers side by side. */
static FALLIBLE change(struct cli *cli, slice host, const struct json *entry)
{
	const struct json *all;
	struct json *copies, *object = NEW(cli->arena, struct json);
	size_t n = 0;

	TRY_NEW(object);
	TRY(kept_all(cli, &all));
	copies = NEW_N(cli->arena, struct json, (size_t)all->count + 1);
	TRY_NEW(copies);
	JSON_EACH (old, all)
		if (!slice_eq(old->name, host))
			copies[n++] = *old;
	if (entry) {
		copies[n] = *entry;
		copies[n++].name = host;
	}
	for (size_t i = 0; i < n; i++)
		copies[i].next = i + 1 < n ? &copies[i + 1] : NULL;
	*object = (struct json){ .kind = JSON_OBJECT, .count = (uint32_t)n, .first = n ? copies : NULL };
	return write_all(cli, object);
}

static FALLIBLE change_locked(struct cli *cli, slice host, const struct json *entry)
{
	const char *path;
	int lock = -1;
	status st;

	TRY(path_config(cli->arena, "." KEPT_FILE ".lock", &path));
	TRY(file_lock(cli->arena, path, &lock));
	st = change(cli, host, entry);
	file_unlock(lock);
	return st;
}

FALLIBLE kept_put(struct cli *cli, slice host, slice user, slice secret)
{
	const struct json empty = { .kind = JSON_OBJECT }, *entry;

	entry = json_with(cli, json_with(cli, &empty, "Username", json_new_text(cli, user)), "Secret",
			  json_new_text(cli, secret));
	TRY_NEW(entry);
	return change_locked(cli, host, entry);
}

FALLIBLE kept_remove(struct cli *cli, slice host)
{
	const struct json *all;

	TRY(kept_all(cli, &all));
	return entry_of(all, host) ? change_locked(cli, host, NULL) : OK;
}
