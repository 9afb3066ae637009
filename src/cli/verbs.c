/*
 * verbs: the table of all commands, in the order of help and pages.
 *
 * A row: VERB(words, arguments, flags, outputs, method, function, help). Arguments: NAME must be there, [NAME] may, NAME... may
 * repeat. Outputs: formats by blanks, the default first. Method: what it mainly calls, as in methods[]; LOCAL for none.
 * To add one: a row here (and a topic below, for a new group of verbs), the function's declaration in verbs.h, a case in
 * tests/cli, then `make pages`.
 */
#include "cli/verbs.h"

#include "cli/verb.h"

#define FLAGS(...) ((const enum flag_id[]){ __VA_ARGS__, FLAG_END })
#define NO_FLAGS ((const enum flag_id[]){ FLAG_END })
#define LOGIN_FLAGS FLAG_HEADLESS, FLAG_IDENTITY, FLAG_IDENTITY_PROVIDER, FLAG_IDENTITY_TOKEN, FLAG_ORG_NAME, FLAG_SOCIAL_LOGIN
#define IDENTITY_FLAGS FLAG_NAME, FLAG_DESCRIPTION, FLAG_PARENT, FLAG_ROLES, FLAG_YES
#define MATCH_FLAGS                                                                                                  \
	FLAG_IDENTITY_ISSUER, FLAG_IDENTITY_ISSUER_PATTERN, FLAG_SUBJECT, FLAG_SUBJECT_PATTERN, FLAG_AUDIENCE_MATCH, \
		FLAG_AUDIENCE_PATTERN, FLAG_CLAIM_PATTERN, FLAG_ISSUER_KEYS, FLAG_EXPIRATION
#define PULL_FLAGS FLAG_PULL_NAME, FLAG_PULL_DESCRIPTION, FLAG_PARENT, FLAG_REPOSITORY, FLAG_SAVE, FLAG_PULL_TTL
#define PROVIDER_FLAGS                                                                                               \
	FLAG_PROVIDER_NAME, FLAG_PROVIDER_DESCRIPTION, FLAG_CONFIGURATION_TYPE, FLAG_DEFAULT_ROLE, FLAG_OIDC_ISSUER, \
		FLAG_OIDC_CLIENT_ID, FLAG_OIDC_CLIENT_SECRET, FLAG_OIDC_PKCE_ENABLED, FLAG_OIDC_ADDITIONAL_SCOPES,   \
		FLAG_OIDC_GROUPS_CLAIM
#define LISTS "table id json csv markdown terse tree wide none"
#define METHOD_LOCAL VERB_NO_METHOD
#define VERB(words_, args_, flags_, outputs_, method_, run_, help_)                                                            \
	{                                                                                                                      \
		.words = words_, .args = args_, .flags = flags_, .outputs = outputs_, .method = METHOD_##method_, .run = run_, \
		.help = help_                                                                                                  \
	}
#define BARE(words_, args_, flags_, outputs_, run_, help_)                                                                 \
	{                                                                                                                  \
		.words = words_, .args = args_, .flags = flags_, .outputs = outputs_, .method = METHOD_LOCAL, .run = run_, \
		.help = help_, .is_bare = true                                                                             \
	}
#define HIDDEN(words_, run_, help_)                                                                                 \
	{                                                                                                           \
		.words = words_, .args = "", .flags = NO_FLAGS, .outputs = "", .method = METHOD_LOCAL, .run = run_, \
		.help = help_, .is_bare = true, .is_hidden = true                                                   \
	}

const struct verb verbs[] = {
	VERB("setup", "", FLAGS(FLAG_SERVER, FLAG_CODE, FLAG_OPERATOR_NAME), "table id json none", REEVE_SETUP_REGISTER,
	     setup_run,
	     "make this machine an operator of a server\n"
	     "Makes a key pair for this machine, registers its public half with the server's one-time code, writes the "
	     "configuration and "
	     "signs in. From then on the machine signs in with its key: no password, no secret on the wire."),

	VERB("auth login", "",
	     FLAGS(LOGIN_FLAGS, FLAG_AUDIENCES, FLAG_INVITE_CODE, FLAG_PREFER_AMBIENT, FLAG_REFRESH, FLAG_REFRESH_ONLY,
		   FLAG_REFRESH_ALL, FLAG_HTTP1_DOWNGRADE),
	     "table id json none", V1_SECURITY_TOKEN_EXCHANGE, auth_login,
	     "get a token and keep it in the cache\n"
	     "A person signs in on a page of the server: in a browser opened here, or with --headless in one anywhere, where "
	     "the "
	     "code shown here is entered. $BROWSER names another program to open it with.\n"
	     "A workload names the --identity to assume and gives its own token (--identity-token), or lets it be found: "
	     "GitHub Actions, $REEVE_ID_TOKEN, a file mounted by a cluster. An operator's machine signs in with its key when "
	     "nothing else is said."),
	VERB("auth logout", "", NO_FLAGS, "", LOCAL, auth_logout,
	     "sign out: end the session and delete the cached tokens, or those of one --audience"),
	VERB("auth status", "", FLAGS(LOGIN_FLAGS, FLAG_QUICK), "table json terse", V1_AUTH_VALIDATE, auth_status,
	     "show who the token is, and what it may do where"),
	VERB("auth token", "", FLAGS(FLAG_CAPABILITIES_NARROW, FLAG_SCOPE_NARROW), "", V1_SECURITY_TOKEN_EXCHANGE, auth_token,
	     "print the token for an --audience, and nothing else\n"
	     "It is renewed first when it is about to end. The public Go SDK and the Terraform provider ask for it by running "
	     "`chainctl auth token`: make that a link to this program.\n"
	     "With --capabilities or --scope the token printed holds no more than these; it is not kept."),
	VERB("auth token capabilities", "", NO_FLAGS, "table json csv markdown terse", LOCAL, auth_token_capabilities,
	     "print the capabilities that the token carries"),
	VERB("auth sessions list", "", FLAGS(FLAG_SESSIONS_OF, FLAG_SESSIONS_IN), LISTS, REEVE_SESSIONS_LIST, sessions_list,
	     "list where you are signed in\n"
	     "With --identity where somebody else is: operators see all of it, owners what began at their organization's own "
	     "identity provider, which --parent names."),
	VERB("auth sessions end", "SESSION_ID...", FLAGS(FLAG_SESSIONS_OF, FLAG_SESSIONS_IN, FLAG_YES), "",
	     REEVE_SESSIONS_REVOKE, sessions_end,
	     "sign out elsewhere, or with --identity somebody else: a session ends at once, its access token within the hour"),
	VERB("auth pull-token", "", FLAGS(PULL_FLAGS), "table env id json none", IDENTITIES_CREATE_IDENTITY, pull_token_create,
	     "the same as `auth pull-token create`"),
	VERB("auth pull-token create", "", FLAGS(PULL_FLAGS), "table env id json none", IDENTITIES_CREATE_IDENTITY,
	     pull_token_create,
	     "make a new identity that may pull, and a long-lived password for it\n"
	     "The password is shown once and kept nowhere. Delete the identity to revoke it."),
	VERB("auth pull-token list", "", FLAGS(FLAG_EXPIRED, FLAG_PARENT, FLAG_REPOSITORY_LISTED), LISTS,
	     IDENTITIES_LIST_IDENTITIES, pull_token_list, "list the identities behind pull tokens"),
	VERB("auth configure-docker", "",
	     FLAGS(LOGIN_FLAGS, FLAG_PULL_TOKEN, FLAG_PULL_NAME, FLAG_PARENT, FLAG_SAVE, FLAG_PULL_TTL), "", LOCAL,
	     configure_docker,
	     "let docker, podman and skopeo get their credentials from here\n"
	     "Links docker-credential-reeve beside this program and names it in Docker's configuration for the registries of "
	     "platform.registry; everything else there stays as it is."),
	VERB("auth delete-account", "", FLAGS(FLAG_YES), "", V1_AUTH_DELETE, auth_delete_account,
	     "erase your own account for good"),

	BARE("config view", "", FLAGS(FLAG_DIFF), "", config_view, "print the configuration in force"),
	BARE("config edit", "", FLAGS(FLAG_YES), "", config_edit, "open the configuration file in $EDITOR"),
	BARE("config save", "", FLAGS(FLAG_YES), "", config_save, "write the configuration in force to the file"),
	BARE("config set", "PROPERTY [VALUE]", NO_FLAGS, "", config_set,
	     "write one property to the file: PROPERTY VALUE, or PROPERTY=VALUE"),
	BARE("config unset", "PROPERTY", NO_FLAGS, "", config_unset, "remove one property from the file"),
	BARE("config reset", "", FLAGS(FLAG_YES), "", config_reset,
	     "delete the configuration file; never one named by --config"),
	VERB("config validate", "", NO_FLAGS, "table json", PING_PING, config_validate,
	     "see whether the servers can be reached"),

	VERB("iam organizations create", "NAME", FLAGS(FLAG_DESCRIPTION, FLAG_SKIP_REFRESH, FLAG_YES), LISTS,
	     GROUPS_CREATE_GROUP, organizations_create, "make an organization; you become its owner"),
	VERB("iam organizations list", "", NO_FLAGS, "tree id json table csv markdown terse wide none", GROUPS_LIST_GROUPS,
	     organizations_list, "list the organizations you can see"),
	VERB("iam organizations describe", "[ORG]", NO_FLAGS, "json id table", GROUPS_GET_GROUP, organizations_describe,
	     "show one organization"),
	VERB("iam organizations update", "ORG", FLAGS(FLAG_NAME, FLAG_DESCRIPTION, FLAG_YES), LISTS, GROUPS_UPDATE_GROUP,
	     organizations_update, "rename or re-describe an organization"),
	VERB("iam organizations delete", "[ORG]", FLAGS(FLAG_SKIP_REFRESH, FLAG_YES), "", GROUPS_DELETE_GROUP,
	     organizations_delete, "delete an empty organization"),
	VERB("iam organizations verify", "ORG", FLAGS(FLAG_YES), LISTS, GROUPS_UPDATE_GROUP, organizations_verify,
	     "vouch for an organization's name (operators)\n"
	     "Its name is then unique and may stand in registry paths; it cannot be renamed any more."),
	VERB("iam organizations sign-in-rules describe", "[ORG]", NO_FLAGS, "table json id",
	     REEVE_ORGANIZATIONS_GET_SIGN_IN_RULES, sign_in_rules_describe, "show how an organization's people may sign in"),
	VERB("iam organizations sign-in-rules update", "ORG", FLAGS(FLAG_CODE_SIGN_IN, FLAG_YES), "table json id",
	     REEVE_ORGANIZATIONS_SET_SIGN_IN_RULES, sign_in_rules_update,
	     "change how an organization's people may sign in\n"
	     "--code-sign-in=false: nobody who belongs to it signs in by a code that is entered on another device."),
	VERB("iam organizations access-requests create", "", FLAGS(FLAG_YES), "table id none", GROUPS_REQUEST_GROUP_ACCESS,
	     access_requests_create, "ask the verified organization of your own address's domain to let you in"),
	VERB("iam organizations access-requests list", "[ORG]", NO_FLAGS, LISTS, REEVE_ORGANIZATIONS_LIST_ACCESS_REQUESTS,
	     access_requests_list, "list who asks to join a verified organization, the newest first"),
	VERB("iam organizations access-requests accept", "ORG PERSON", FLAGS(FLAG_ROLE, FLAG_YES), LISTS,
	     ROLE_BINDINGS_CREATE_ROLE_BINDING, access_requests_accept,
	     "let somebody who asks join with a role; PERSON is an id or address of the list"),
	VERB("iam organizations access-requests dismiss", "ORG PERSON", FLAGS(FLAG_YES), "",
	     REEVE_ORGANIZATIONS_DISMISS_ACCESS_REQUEST, access_requests_dismiss,
	     "take somebody who asks off the list; they may ask again"),
	VERB("iam folders create", "NAME", FLAGS(FLAG_DESCRIPTION, FLAG_PARENT, FLAG_SKIP_REFRESH, FLAG_YES), LISTS,
	     GROUPS_CREATE_GROUP, folders_create, "make a folder in an organization or folder"),
	VERB("iam folders list", "[LOCATION]", FLAGS(FLAG_PARENT), "tree id json table csv markdown terse wide none",
	     GROUPS_LIST_GROUPS, folders_list, "list the folders below an organization or folder"),
	VERB("iam folders describe", "[FOLDER]", NO_FLAGS, "json id table", GROUPS_GET_GROUP, folders_describe,
	     "show one folder"),
	VERB("iam folders update", "FOLDER", FLAGS(FLAG_NAME, FLAG_DESCRIPTION, FLAG_YES), LISTS, GROUPS_UPDATE_GROUP,
	     folders_update, "rename or re-describe a folder"),
	VERB("iam folders delete", "[FOLDER]", FLAGS(FLAG_SKIP_REFRESH, FLAG_YES), "", GROUPS_DELETE_GROUP, folders_delete,
	     "delete an empty folder"),

	VERB("iam identities create", "[NAME]", FLAGS(FLAG_FILENAME, MATCH_FLAGS, FLAG_SERVICE_PRINCIPAL, IDENTITY_FLAGS),
	     LISTS, IDENTITIES_CREATE_IDENTITY, identities_create,
	     "make an identity that a workload can assume\n"
	     "One way at a time: a definition (--filename); the claims of a token, by --identity-issuer and --subject or "
	     "patterns of them; "
	     "the issuer's keys (--issuer-keys) where it cannot be asked; a --service-principal. --role binds roles to it at "
	     "its parent."),
	VERB("iam identities create aws role", "[NAME]",
	     FLAGS(FLAG_AWS_ACCOUNT, FLAG_AWS_ROLE_NAME, FLAG_AWS_ROLE_ID, FLAG_AWS_PARTITION, IDENTITY_FLAGS), LISTS,
	     IDENTITIES_CREATE_IDENTITY, identities_create_aws_role, "make an identity for an AWS role"),
	VERB("iam identities create aws user", "[NAME]",
	     FLAGS(FLAG_AWS_ACCOUNT, FLAG_AWS_USER_NAME, FLAG_AWS_USER_ID, FLAG_AWS_PARTITION, IDENTITY_FLAGS), LISTS,
	     IDENTITIES_CREATE_IDENTITY, identities_create_aws_user, "make an identity for an AWS user"),
	VERB("iam identities create github", "[NAME]",
	     FLAGS(FLAG_GITHUB_REPO, FLAG_GITHUB_REF, FLAG_GITHUB_AUDIENCE, IDENTITY_FLAGS), LISTS, IDENTITIES_CREATE_IDENTITY,
	     identities_create_github, "make an identity for runs of GitHub Actions"),
	VERB("iam identities create gitlab", "[NAME]", FLAGS(FLAG_PROJECT_PATH, FLAG_REF_TYPE, FLAG_REF, IDENTITY_FLAGS), LISTS,
	     IDENTITIES_CREATE_IDENTITY, identities_create_gitlab, "make an identity for jobs of GitLab CI"),
	VERB("iam identities list", "",
	     FLAGS(FLAG_PARENT, FLAG_NAME_LISTED, FLAG_TYPE, FLAG_RELATIONSHIP, FLAG_EXPIRED, FLAG_RECURSIVE), LISTS,
	     IDENTITIES_LIST_IDENTITIES, identities_list, "list identities; expired ones with --expired alone"),
	VERB("iam identities describe", "IDENTITY", NO_FLAGS, "json id table", IDENTITIES_GET_IDENTITY, identities_describe,
	     "show one identity in full"),
	VERB("iam identities update", "IDENTITY", FLAGS(FLAG_NAME, FLAG_DESCRIPTION, MATCH_FLAGS, FLAG_YES), LISTS,
	     IDENTITIES_UPDATE_IDENTITY, identities_update, "change which tokens may assume an identity"),
	VERB("iam identities delete", "[IDENTITY]", FLAGS(FLAG_EXPIRED, FLAG_PARENT, FLAG_YES), "", IDENTITIES_DELETE_IDENTITY,
	     identities_delete, "delete an identity, or with --expired all below --parent that have expired"),

	VERB("iam roles create", "NAME", FLAGS(FLAG_CAPABILITIES, FLAG_DESCRIPTION, FLAG_PARENT, FLAG_YES), LISTS,
	     ROLES_CREATE_ROLE, roles_create, "make a role of chosen capabilities"),
	VERB("iam roles list", "", FLAGS(FLAG_NAME_LISTED, FLAG_CAPABILITIES_LISTED, FLAG_PARENT, FLAG_MANAGED, FLAG_RECURSIVE),
	     LISTS, ROLES_LIST_ROLES, roles_list, "list roles: built-in ones and your own"),
	VERB("iam roles describe", "ROLE", NO_FLAGS, "json id table", ROLES_GET_ROLE, roles_describe,
	     "show one role with its capabilities"),
	VERB("iam roles update", "ROLE",
	     FLAGS(FLAG_NAME, FLAG_CAPABILITIES, FLAG_ADD_CAPABILITIES, FLAG_REMOVE_CAPABILITIES, FLAG_DESCRIPTION, FLAG_YES),
	     LISTS, ROLES_UPDATE_ROLE, roles_update, "change a role of your own"),
	VERB("iam roles delete", "ROLE", FLAGS(FLAG_YES), "", ROLES_DELETE_ROLE, roles_delete,
	     "delete a role that is bound nowhere"),
	VERB("iam roles capabilities list", "", FLAGS(FLAG_ACTIONS, FLAG_RESOURCES), "table json tree csv markdown terse",
	     LOCAL, capabilities_list, "list all capabilities"),

	VERB("iam role-bindings create", "", FLAGS(FLAG_BOUND_IDENTITY, FLAG_ROLE, FLAG_PARENT, FLAG_YES), LISTS,
	     ROLE_BINDINGS_CREATE_ROLE_BINDING, bindings_create, "bind a role to an identity at an organization or folder"),
	VERB("iam role-bindings list", "", FLAGS(FLAG_PARENT, FLAG_RECURSIVE), LISTS, ROLE_BINDINGS_LIST_ROLE_BINDINGS,
	     bindings_list, "list who holds which role where"),
	VERB("iam role-bindings update", "BINDING_ID", FLAGS(FLAG_BOUND_IDENTITY, FLAG_ROLE, FLAG_YES), LISTS,
	     ROLE_BINDINGS_UPDATE_ROLE_BINDING, bindings_update, "change a binding's role or identity"),
	VERB("iam role-bindings delete", "BINDING_ID", FLAGS(FLAG_YES), "table id none", ROLE_BINDINGS_DELETE_ROLE_BINDING,
	     bindings_delete, "take a role away again"),

	VERB("iam invites create", "[LOCATION]", FLAGS(FLAG_ROLE, FLAG_INVITE_TTL, FLAG_EMAIL, FLAG_SINGLE_USE, FLAG_PARENT),
	     LISTS, GROUP_INVITES_CREATE_GROUP_INVITE, invites_create, "make a code that lets a person in with a role"),
	VERB("iam invites list", "", FLAGS(FLAG_PARENT), LISTS, GROUP_INVITES_LIST_GROUP_INVITES, invites_list,
	     "list open invites"),
	VERB("iam invites delete", "[INVITE_ID...]", FLAGS(FLAG_EXPIRED, FLAG_YES), "", GROUP_INVITES_DELETE_GROUP_INVITE,
	     invites_delete, "make invites stop working, or with --expired all that have expired"),

	VERB("iam identity-providers create", "", FLAGS(PROVIDER_FLAGS, FLAG_OIDC_CORRELATION_RULE, FLAG_PARENT, FLAG_YES),
	     LISTS, IDENTITY_PROVIDERS_CREATE_IDENTITY_PROVIDER, providers_create,
	     "let an organization's people sign in at its own OpenID Connect provider\n"
	     "Register this server there first, as a web application with the redirect URI <server>/oauth/callback. The "
	     "provider's discovery document is looked at before anything is written."),
	VERB("iam identity-providers list", "", FLAGS(FLAG_PARENT, FLAG_RECURSIVE), LISTS,
	     IDENTITY_PROVIDERS_LIST_IDENTITY_PROVIDERS, providers_list, "list identity providers"),
	VERB("iam identity-providers describe", "PROVIDER", NO_FLAGS, "json id table", IDENTITY_PROVIDERS_GET_IDENTITY_PROVIDER,
	     providers_describe, "show one identity provider; never its secret"),
	VERB("iam identity-providers update", "PROVIDER", FLAGS(PROVIDER_FLAGS, FLAG_YES), LISTS,
	     IDENTITY_PROVIDERS_UPDATE_IDENTITY_PROVIDER, providers_update, "change an identity provider"),
	VERB("iam identity-providers delete", "PROVIDER", FLAGS(FLAG_YES), "table id none",
	     IDENTITY_PROVIDERS_DELETE_IDENTITY_PROVIDER, providers_delete,
	     "delete an identity provider and end the sessions begun there"),

	VERB("iam accounts create", "LOGIN", FLAGS(FLAG_PERSON_NAME, FLAG_EMAIL_VERIFIED), LISTS, REEVE_ACCOUNTS_CREATE_ACCOUNT,
	     accounts_create,
	     "make an account that signs in with an e-mail address and a password (operators)\n"
	     "Prints a one-time link, valid for a day, by which its person sets the password."),
	VERB("iam accounts list", "", NO_FLAGS, LISTS, REEVE_ACCOUNTS_LIST_ACCOUNTS, accounts_list,
	     "list the accounts of this server (operators)"),
	VERB("iam accounts describe", "LOGIN", NO_FLAGS, "json id table", REEVE_ACCOUNTS_GET_ACCOUNT, accounts_describe,
	     "show one account (operators)"),
	VERB("iam accounts reset", "LOGIN", FLAGS(FLAG_YES), LISTS, REEVE_ACCOUNTS_CREATE_RESET_LINK, accounts_reset,
	     "print a new one-time link for setting the password (operators)"),
	VERB("iam accounts disable", "LOGIN", FLAGS(FLAG_YES), LISTS, REEVE_ACCOUNTS_DISABLE_ACCOUNT, accounts_disable,
	     "keep a person from signing in and end their sessions (operators)"),
	VERB("iam accounts enable", "LOGIN", NO_FLAGS, LISTS, REEVE_ACCOUNTS_ENABLE_ACCOUNT, accounts_enable,
	     "let a disabled account sign in again (operators)"),
	VERB("iam accounts delete", "LOGIN", FLAGS(FLAG_YES), "", REEVE_ACCOUNTS_DELETE_ACCOUNT, accounts_delete,
	     "delete an account with its identity, roles and sessions (operators)"),

	VERB("events subscriptions create", "SINK_URL", FLAGS(FLAG_PARENT, FLAG_YES), LISTS, SUBSCRIPTIONS_CREATE_SUBSCRIPTION,
	     subscriptions_create, "send events of a location to an HTTPS sink"),
	VERB("events subscriptions list", "", FLAGS(FLAG_PARENT), LISTS, SUBSCRIPTIONS_LIST_SUBSCRIPTIONS, subscriptions_list,
	     "list subscriptions"),
	VERB("events subscriptions delete", "SUBSCRIPTION_ID", FLAGS(FLAG_YES), "table id none",
	     SUBSCRIPTIONS_DELETE_SUBSCRIPTION, subscriptions_delete, "end a subscription"),

	VERB("images repos create", "NAME", FLAGS(FLAG_PARENT, FLAG_REPO_DESCRIPTION, FLAG_SOURCE, FLAG_TIER), LISTS,
	     REPOS_CREATE_REPO, repos_create, "make a repository"),
	VERB("images repos list", "", FLAGS(FLAG_REPO_LISTED, FLAG_PARENT, FLAG_BELOW),
	     "tree id json table csv markdown terse wide none", REPOS_LIST_REPOS, repos_list, "list repositories"),
	VERB("images repos update", "REPO",
	     FLAGS(FLAG_PARENT, FLAG_REPO_NAME, FLAG_REPO_DESCRIPTION, FLAG_SOURCE, FLAG_REPO_EXPIRATION, FLAG_BUNDLES,
		   FLAG_TIER),
	     LISTS, REPOS_UPDATE_REPO, repos_update, "change a repository"),
	VERB("images repos delete", "REPO", FLAGS(FLAG_PARENT, FLAG_ALLOW_MISSING, FLAG_YES), "", REPOS_DELETE_REPO,
	     repos_delete, "delete a repository here; the registry's images stay"),
	VERB("images tags list", "",
	     FLAGS(FLAG_REPO_LISTED, FLAG_PARENT, FLAG_UPDATED_WITHIN, FLAG_SHOW_DATES, FLAG_SHOW_EPOCHS, FLAG_SHOW_REFERRERS),
	     LISTS, TAGS_LIST_TAGS, tags_list, "list tags"),

	VERB("keys rotate", "", FLAGS(FLAG_YES), "table id json", REEVE_OPERATIONS_ROTATE_KEYS, keys_rotate,
	     "publish and use a new signing key now (operators)"),
	VERB("limits list", "ORG", NO_FLAGS, "table json", GROUPS_GET_GROUP, limits_list,
	     "show the limits an organization has of its own\n"
	     "A kind that is not shown has the limit of the server's configuration (limits.*)."),
	VERB("limits set", "ORG KIND=MOST...", FLAGS(FLAG_YES), "table json", REEVE_OPERATIONS_SET_LIMITS, limits_set,
	     "set how many identities, folders, repositories ... an organization may have (operators)\n"
	     "-1 removes the organization's own limit."),
	VERB("backup", "[FILE_NAME]", NO_FLAGS, "table id json", REEVE_OPERATIONS_BACKUP, backup_run,
	     "copy the store into the server's backup folder (operators)"),

	BARE("version", "", NO_FLAGS, "table json", version_run, "print what this program is"),
	BARE("completion", "SHELL", NO_FLAGS, "", completion_run, "print a completion script: bash, zsh or fish"),
	BARE("help", "[COMMAND...]", NO_FLAGS, "", help_run, "say how a command is used"),
	HIDDEN("docs man", docs_man, "print the manual page"),
	HIDDEN("docs markdown", docs_markdown, "print docs/cli.md"),
};
const size_t verbs_count = sizeof(verbs) / sizeof(*verbs);

const struct topic topics[] = {
	{ "auth", "sign in, tokens, Docker" },
	{ "auth sessions", "where you are signed in" },
	{ "config", "this program's configuration" },
	{ "iam", "who may do what: organizations, identities, roles, bindings" },
	{ "iam organizations", "organizations: the roots of everything" },
	{ "iam organizations sign-in-rules", "how an organization's people sign in" },
	{ "iam organizations access-requests", "who would like to join" },
	{ "iam folders", "folders in organizations" },
	{ "iam identities", "what workloads act as" },
	{ "iam identities create aws", "identities for AWS roles and users" },
	{ "iam roles", "named sets of capabilities" },
	{ "iam roles capabilities", "what a role can hold" },
	{ "iam role-bindings", "who holds which role where" },
	{ "iam invites", "codes that let people in" },
	{ "iam identity-providers", "where an organization's people sign in" },
	{ "iam accounts", "people who sign in here with a password (operators)" },
	{ "events", "events for other systems" },
	{ "events subscriptions", "where events are sent" },
	{ "images", "what is in the registries" },
	{ "images repos", "repositories" },
	{ "images tags", "tags of repositories" },
	{ "keys", "the server's signing keys (operators)" },
	{ "limits", "how much an organization may have" },
};
const size_t topics_count = sizeof(topics) / sizeof(*topics);
