/*
 * docker: Docker's configuration, and the credential helper that it calls.
 *
 * Owns      edits of ~/.docker/config.json, the helper's protocol, what `docker login` asked the helper to keep.
 * Promises  an edit changes the members it is about and keeps everything else as it was; the helper prompts nobody, and prints
 * on stdout what the protocol says and nothing more. Source    spec/requirements.md 26-28;
 * github.com/docker/docker-credential-helpers (protocol). Start at  helper_main(); docker_use_helper().
 */
#ifndef CLI_DOCKER_H
#define CLI_DOCKER_H

#include "base/json.h"
#include "cli/cli.h"

#define HELPER_NAME "reeve"
#define HELPER_PROGRAM "docker-credential-" HELPER_NAME
#define DOCKER_REGISTRIES_MAX 64

/* The program is run as the credential helper. */
bool helper_is(const char *program);
/* Gives the exit code. */
int helper_main(struct cli *cli, int argc, char **argv);

/* Registries of platform.registry, in its order. */
FALLIBLE docker_registries(struct cli *cli, slice **ret_hosts, size_t *ret_count);
/* Docker asks our helper for this host from now on. */
FALLIBLE docker_use_helper(struct cli *cli, const slice *hosts, size_t count);
/* Docker keeps this credential for the host itself; no helper is asked for it. */
FALLIBLE docker_keep(struct cli *cli, slice host, slice user, slice secret);

/* The host of what Docker calls a server: without scheme, path and the scheme's own port; empty when there is none. */
slice docker_host(slice server);

/* ---- kept.c: what `docker login` gave the helper; by host, 0600 ---- */

FALLIBLE kept_find(struct cli *cli, slice host, slice *ret_user, slice *ret_secret); /* empty user: none */
FALLIBLE kept_put(struct cli *cli, slice host, slice user, slice secret);
FALLIBLE kept_remove(struct cli *cli, slice host);
/* Object of host to {"Username", "Secret"}. */
FALLIBLE kept_all(struct cli *cli, const struct json **ret_object);

#endif
