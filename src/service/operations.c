/*
 * operations: what operators do to the server as a whole.
 */
#include "handlers.gen.h"
#include "reeve/v1/operations.pb-c.h"
#include "service/groups.h"
#include "service/support.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#define FILE_NAME_BYTES_MAX 128
#define LIMIT_NONE (-1)

static const char *const kinds[] = { "identities", "folders", "repositories", "idps", "clusters", "roles", "bindings" };

static bool is_kind(const char *text)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(text, kinds[i]) == 0)
			return true;
	return false;
}

static FALLIBLE record(struct call *call, slice what)
{
	char identity[UID_TEXT_BYTES];
	struct trail_record record = { .what = "operation",
				       .method = call->method->label,
				       .scope = what,
				       .token_id = call->caller->token_id,
				       .request_id = call->request_id,
				       .peer = call->peer,
				       .by_operator = true };

	uid_format(&call->caller->identity, identity);
	record.identity = slice_str(identity);
	return trail_append(call->parts->trail, &record);
}

status reeve_operations_rotate_keys(struct call *call, const Reeve__V1__RotateKeysRequest *in,
				    Reeve__V1__RotateKeysResponse *out)
{
	struct issuer_key key;

	(void)in;
	TRY(record(call, SLICE("rotate")));
	TRY(issuer_rotate(call->parts->issuer, true));
	TRY(issuer_active_key(call->parts->issuer, call->arena, &key));
	TRY(put_text(call, key.kid, &out->kid));
	TRY(put_text(call, key.algorithm, &out->algorithm));
	return put_time(call, key.active_us, &out->active_time);
}

static FALLIBLE set_limit(struct call *call, const struct uid *organization, const char *kind, int32_t most)
{
	struct limit row = { .group = *organization, .kind = slice_str(kind), .most = most };
	bool deleted;

	if (!is_kind(kind))
		return FAIL_FIELD(
			"limits",
			"unknown kind \"%.32s\": identities, folders, repositories, roles, bindings, idps or clusters", kind);
	if (most < LIMIT_NONE)
		return FAIL_FIELD("limits", "must be 0 or more, or -1 to remove the organization's own limit");
	if (most == LIMIT_NONE)
		return row_delete(call->tx, &table_limits, &row, &deleted);
	return row_put(call->tx, &table_limits, &row);
}

status reeve_operations_set_limits(struct call *call, const Reeve__V1__SetLimitsRequest *in, Reeve__V1__SetLimitsResponse *out)
{
	struct uid uid;
	struct group group;
	struct rows rows;

	TRY(uid_parse_field(slice_str(in->organization_uid), "organization_uid", &uid));
	TRY(group_at(call, &uid, CAP_IAM_GROUPS_LIST_BIT, &group));
	if (!uid_is_root(&uid))
		return FAIL_FIELD("organization_uid", "must be an organization, not a folder");
	for (size_t i = 0; i < in->n_limits; i++)
		TRY(set_limit(call, &uid, in->limits[i]->key, in->limits[i]->value));
	TRY(group_limits(call, &uid, &rows));
	out->limits = NEW_N(call->arena, Reeve__V1__SetLimitsResponse__LimitsEntry *, rows.count);
	TRY_NEW(out->limits);
	for (size_t i = 0; i < rows.count; i++) {
		const struct limit *limit = (const struct limit *)rows.at + i;
		TRY_MESSAGE(call, out->limits[i], reeve__v1__set_limits_response__limits_entry);
		TRY(put_text(call, limit->kind, &out->limits[i]->key));
		out->limits[i]->value = (int32_t)limit->most;
		out->n_limits++;
	}
	call_touched(call, &uid, &uid);
	return OK;
}

/* A plain name: letters, digits, dot, dash, underscore, not beginning with a dot. */
static bool is_file_name(slice name)
{
	if (name.len == 0 || name.len > FILE_NAME_BYTES_MAX || name.at[0] == '.')
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
		      c == '_'))
			return false;
	}
	return true;
}

status reeve_operations_backup(struct call *call, const Reeve__V1__BackupRequest *in, Reeve__V1__BackupResponse *out)
{
	char *path, whole[PATH_MAX];
	struct stat about;

	if (!is_file_name(slice_str(in->file_name)))
		return FAIL_FIELD("file_name", "must be a plain file name of letters, digits, dots, dashes and underscores");
	path = arena_printf(call->arena, "%.*s/%s", SLICE_ARG(call->settings->backup_folder), in->file_name);
	TRY_NEW(path);
	if (stat(path, &about) == 0)
		return FAIL_EXISTS("file_name", "there is a backup of this name already; choose another one");
	TRY(record(call, slice_str(in->file_name)));
	out->revision = (int64_t)store_revision(call->parts->store);
	authz_thread_offline(); /* the writer makes the copy, and may wait for every reader before */
	status made = store_backup(call->parts->store, path);
	authz_thread_online();
	TRY(made);
	if (stat(path, &about) != 0 || !realpath(path, whole))
		return FAIL(FAULT_INTERNAL, "the backup was written but is not there");
	out->path = arena_text(call->arena, slice_str(whole)); /* from the root: whoever asked stands elsewhere */
	TRY_NEW(out->path);
	out->bytes = about.st_size;
	return OK;
}
