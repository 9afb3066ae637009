/*
 * configure_docker: `auth configure-docker`.
 */
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/docker.h"
#include "cli/files.h"
#include "cli/login.h"
#include "cli/pull_token.h"
#include "cli/verbs.h"

/* The helper is this program under another name; one that is there already and is no link stays. */
static FALLIBLE link_helper(struct cli *cli, const char **ret_path)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	struct stat info;
	const char *name;
	char *path;

	if (len <= 0)
		return FAIL(FAULT_INTERNAL, "cannot find this program's own file: %s", strerror(errno));
	self[len] = '\0';
	name = strrchr(self, '/') + 1; /* the kernel gives a whole path */
	path = arena_printf(cli->arena, "%.*s" HELPER_PROGRAM, (int)(name - self), self);
	TRY_NEW(path);
	*ret_path = path;
	if (strcmp(name, HELPER_PROGRAM) == 0)
		return OK;
	if (lstat(path, &info) == 0) {
		if (!S_ISLNK(info.st_mode))
			return OK;
		if (stat(path, &info) == 0) {
			struct stat own;

			if (stat(self, &own) == 0 && own.st_dev == info.st_dev && own.st_ino == info.st_ino)
				return OK;
		}
		TRY(file_remove(path));
	}
	if (symlink(name, path) != 0)
		return FAIL(FAULT_INVALID,
			    "cannot make the link %s: %s; make a link of that name to %s in a folder of your PATH", path,
			    strerror(errno), self);
	return OK;
}

static bool is_in_path(struct cli *cli, const char *file)
{
	slice rest = slice_str(getenv("PATH")), folder;

	for (bool more = true; more;) {
		char *path;

		more = slice_cut(rest, ':', &folder, &rest);
		path = arena_printf(cli->arena, "%.*s/" HELPER_PROGRAM, SLICE_ARG(folder));
		if (path && folder.len > 0 && access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* One sign-in, for the API and all registries. */
static FALLIBLE login_to(struct cli *cli, const slice *hosts, size_t count)
{
	slice *audiences = NEW_N(cli->arena, slice, count + 1), *tokens = NEW_N(cli->arena, slice, count + 1);

	TRY_NEW(audiences);
	TRY_NEW(tokens);
	audiences[0] = CONFIG(cli, PLATFORM_AUDIENCE);
	memcpy(audiences + 1, hosts, count * sizeof(*hosts));
	return login_all(cli, audiences, count + 1, tokens);
}

static FALLIBLE use_helper(struct cli *cli)
{
	slice *hosts;
	const char *helper;
	size_t count;

	TRY(docker_registries(cli, &hosts, &count));
	if (count == 0)
		return FAIL(FAULT_INVALID, "no registry is configured; say `reeve config set platform.registry HOST`");
	if (login_is_asked(cli))
		TRY(login_to(cli, hosts, count));
	TRY(link_helper(cli, &helper));
	TRY(docker_use_helper(cli, hosts, count));
	for (size_t i = 0; i < count; i++)
		cli_say(cli, "Updated auth config for %.*s", SLICE_ARG(hosts[i]));
	if (!is_in_path(cli, helper))
		cli_warn(cli, "%s is not in your PATH, where docker looks for it", helper);
	return OK;
}

status configure_docker(struct cli *cli)
{
	struct pull_token token;

	if (!flag_on(cli, FLAG_PULL_TOKEN)) {
		if (flag_on(cli, FLAG_SAVE))
			return MISUSE(cli, "--save goes with --pull-token");
		return use_helper(cli);
	}
	if (flag_on(cli, FLAG_SAVE) && CONFIG(cli, PLATFORM_REGISTRY).len == 0)
		return MISUSE(cli, "--save: no registry is configured; set platform.registry");
	if (login_is_asked(cli)) {
		slice session;

		TRY(login_for(cli, CONFIG(cli, PLATFORM_AUDIENCE), &session));
	}
	TRY(pull_token_make(cli, SLICE("oci"), SLICE("pull token for docker"), &token));
	return pull_token_show(cli, &token, SLICE("oci"), flag_on(cli, FLAG_SAVE));
}
