/*
 * verbs: the functions that the rows of verbs.c name; each runs one command.
 */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "base/status.h"

struct cli;

/* setup.c, operate.c */
status setup_run(struct cli *cli);
status keys_rotate(struct cli *cli);
status limits_list(struct cli *cli);
status limits_set(struct cli *cli);
status backup_run(struct cli *cli);
/* login.c, session.c */
status auth_login(struct cli *cli);
status auth_logout(struct cli *cli);
status auth_status(struct cli *cli);
status auth_token(struct cli *cli);
status auth_token_capabilities(struct cli *cli);
status auth_delete_account(struct cli *cli);
/* sessions.c */
status sessions_list(struct cli *cli);
status sessions_end(struct cli *cli);
/* pull_token.c, configure_docker.c */
status pull_token_create(struct cli *cli);
status pull_token_list(struct cli *cli);
status configure_docker(struct cli *cli);
/* settings.c */
status config_view(struct cli *cli);
status config_edit(struct cli *cli);
status config_save(struct cli *cli);
status config_set(struct cli *cli);
status config_unset(struct cli *cli);
status config_reset(struct cli *cli);
status config_validate(struct cli *cli);
/* groups.c */
status organizations_create(struct cli *cli);
status organizations_list(struct cli *cli);
status organizations_describe(struct cli *cli);
status organizations_update(struct cli *cli);
status organizations_delete(struct cli *cli);
status organizations_verify(struct cli *cli);
status folders_create(struct cli *cli);
status folders_list(struct cli *cli);
status folders_describe(struct cli *cli);
status folders_update(struct cli *cli);
status folders_delete(struct cli *cli);
/* identities.c, identity_new.c */
status identities_create(struct cli *cli);
status identities_create_aws_role(struct cli *cli);
status identities_create_aws_user(struct cli *cli);
status identities_create_github(struct cli *cli);
status identities_create_gitlab(struct cli *cli);
status identities_list(struct cli *cli);
status identities_describe(struct cli *cli);
status identities_update(struct cli *cli);
status identities_delete(struct cli *cli);
/* roles.c */
status roles_create(struct cli *cli);
status roles_list(struct cli *cli);
status roles_describe(struct cli *cli);
status roles_update(struct cli *cli);
status roles_delete(struct cli *cli);
status capabilities_list(struct cli *cli);
/* bindings.c */
status bindings_create(struct cli *cli);
status bindings_list(struct cli *cli);
status bindings_update(struct cli *cli);
status bindings_delete(struct cli *cli);
/* organizations.c: sign-in rules, access requests */
status sign_in_rules_describe(struct cli *cli);
status sign_in_rules_update(struct cli *cli);
status access_requests_create(struct cli *cli);
status access_requests_list(struct cli *cli);
status access_requests_accept(struct cli *cli);
status access_requests_dismiss(struct cli *cli);
/* invites.c: invites, event subscriptions */
status invites_create(struct cli *cli);
status invites_list(struct cli *cli);
status invites_delete(struct cli *cli);
status subscriptions_create(struct cli *cli);
status subscriptions_list(struct cli *cli);
status subscriptions_delete(struct cli *cli);
/* providers.c */
status providers_create(struct cli *cli);
status providers_list(struct cli *cli);
status providers_describe(struct cli *cli);
status providers_update(struct cli *cli);
status providers_delete(struct cli *cli);
/* accounts.c */
status accounts_create(struct cli *cli);
status accounts_list(struct cli *cli);
status accounts_describe(struct cli *cli);
status accounts_reset(struct cli *cli);
status accounts_disable(struct cli *cli);
status accounts_enable(struct cli *cli);
status accounts_delete(struct cli *cli);
/* images.c */
status repos_create(struct cli *cli);
status repos_list(struct cli *cli);
status repos_update(struct cli *cli);
status repos_delete(struct cli *cli);
status tags_list(struct cli *cli);
/* program.c */
status version_run(struct cli *cli);
status completion_run(struct cli *cli);
status help_run(struct cli *cli);
status docs_man(struct cli *cli);
status docs_markdown(struct cli *cli);

#endif
