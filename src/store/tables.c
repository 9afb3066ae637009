/*
 * tables: the descriptors made from the lists in tables.h, and the rules between rows.
 *
 * Owns      which columns are unique together and which refer to which table; migrations/ says the same in SQL, and
 *           tests/store/schema.c compares the two.
 */
#include "store/tables.h"

#include <stdio.h>

#include "store/store.h"

#define FIELD_OF_UID struct uid
#define FIELD_OF_TEXT slice
#define FIELD_OF_BYTES slice
#define FIELD_OF_INT int64_t
#define FIELD_OF_BOOL bool
#define FIELD_OF_CAPS struct caps

#define COLUMN_CHECK(constant, type, is_optional, row, field)                                               \
	_Static_assert(__builtin_types_compatible_p(__typeof__(((struct row *)0)->field), FIELD_OF_##type), \
		       #row "." #field " has another type than its column");
#define TABLE_CHECK(table, columns, row) columns(COLUMN_CHECK)
TABLES(TABLE_CHECK)

#define COLUMN_ROW(constant, kind, optional, row, field)                                                                \
	[constant] = {                                                                                                  \
		.name = #field, .type = COLUMN_##kind, .is_optional = (optional), .offset = offsetof(struct row, field) \
	},
#define TABLE_ROWS(table, columns, row) static const struct column table##_columns[] = { columns(COLUMN_ROW) };
TABLES(TABLE_ROWS)

/* What a table of this name and row struct always has. */
#define TABLE(table, singular)                                                                               \
	.name = #table, .noun = #singular, .row_bytes = sizeof(struct singular), .columns = table##_columns, \
	.column_count = table##_column_count
#define UNIQUES(list) .uniques = (list), .unique_count = sizeof(list) / sizeof(*(list))
#define REFERENCES(list) .references = (list), .reference_count = sizeof(list) / sizeof(*(list))

/* Sibling folders differ by name; organizations may share one until verified. */
static const struct unique groups_uniques[] = {
	{ .columns = { GROUPS_PARENT, GROUPS_NAME },
	  .count = 2,
	  .field = "group.name",
	  .told = GROUPS_NAME,
	  .rule = "groups in one place differ by name; choose another name or use the group there" },
	{ .columns = { GROUPS_NAME },
	  .count = 1,
	  .only_roots = true,
	  .root = GROUPS_PARENT,
	  .only_if = true,
	  .flag = GROUPS_IS_VERIFIED,
	  .field = "group.name",
	  .told = GROUPS_NAME,
	  .rule = "verified organizations differ by name; choose another name or leave this one unverified" },
};
static const struct reference groups_references[] = { { GROUPS_PARENT, &table_groups } };
const struct table table_groups = { TABLE(groups, group), .key_count = 1,          .change = CHANGE_GROUP,
				    .change_subject = -1, UNIQUES(groups_uniques), REFERENCES(groups_references) };

static const struct reference limits_references[] = { { LIMITS_GROUP, &table_groups } };
const struct table table_limits = { TABLE(limits, limit), .key_count = 2, .change_subject = -1, REFERENCES(limits_references) };

static const struct reference identities_references[] = { { IDENTITIES_PARENT, &table_groups } };
const struct table table_identities = { TABLE(identities, identity), .key_count = 1, .change = CHANGE_IDENTITY,
					.change_subject = -1, REFERENCES(identities_references) };

static const struct unique roles_uniques[] = {
	{ .columns = { ROLES_PARENT, ROLES_NAME },
	  .count = 2,
	  .field = "role.name",
	  .told = ROLES_NAME,
	  .rule = "roles of one group differ by name; choose another name or use the role there" },
	{ .columns = { ROLES_NAME }, .count = 1, .only_roots = true, .root = ROLES_PARENT },
};
static const struct reference roles_references[] = { { ROLES_PARENT, &table_groups } };
const struct table table_roles = { TABLE(roles, role),   .key_count = 1,         .change = CHANGE_ROLE,
				   .change_subject = -1, UNIQUES(roles_uniques), REFERENCES(roles_references) };

static const struct unique bindings_uniques[] = {
	{ .columns = { BINDINGS_ROLE, BINDINGS_IDENTITY, BINDINGS_GROUP },
	  .count = 3,
	  .field = "role_binding",
	  .rule = "the identity has this role at this group already; use the binding there" },
};
/* Not to identities: a user is bound under the id they will have (spec model.md 5.1) before they first come. */
static const struct reference bindings_references[] = {
	{ BINDINGS_GROUP, &table_groups },
	{ BINDINGS_ROLE, &table_roles },
};
const struct table table_bindings = { TABLE(bindings, binding),  .key_count = 1,
				      .change = CHANGE_BINDING,  .change_subject = BINDINGS_IDENTITY,
				      UNIQUES(bindings_uniques), REFERENCES(bindings_references) };

static const struct unique repos_uniques[] = {
	{ .columns = { REPOS_PARENT, REPOS_NAME },
	  .count = 2,
	  .field = "repo.name",
	  .told = REPOS_NAME,
	  .rule = "repositories of one group differ by name; choose another name or use the repository there" },
};
static const struct reference repos_references[] = { { REPOS_PARENT, &table_groups } };
const struct table table_repos = { TABLE(repos, repo),   .key_count = 1,         .change = CHANGE_REPO,
				   .change_subject = -1, UNIQUES(repos_uniques), REFERENCES(repos_references) };

static const struct unique tags_uniques[] = {
	{ .columns = { TAGS_PARENT, TAGS_NAME },
	  .count = 2,
	  .field = "tag.name",
	  .told = TAGS_NAME,
	  .rule = "tags of one repository differ by name; choose another name or update the tag there" },
};
static const struct reference tags_references[] = { { TAGS_PARENT, &table_repos } };
const struct table table_tags = { TABLE(tags, tag), .key_count = 1, .change_subject = -1, UNIQUES(tags_uniques),
				  REFERENCES(tags_references) };

const struct table table_signing_keys = { TABLE(signing_keys, signing_key), .key_count = 1, .change = CHANGE_KEY,
					  .change_subject = -1 };
const struct table table_setup_codes = { TABLE(setup_codes, setup_code), .key_count = 1, .change_subject = -1 };
const struct table table_facts = { TABLE(facts, fact), .key_count = 1, .change_subject = -1 };

const struct table table_freed_names = { TABLE(freed_names, freed_name), .key_count = 2, .change_subject = -1 };

static const struct reference providers_references[] = { { PROVIDERS_PARENT, &table_groups },
							 { PROVIDERS_ROLE, &table_roles } };
const struct table table_providers = { TABLE(providers, provider), .key_count = 1, .change_subject = -1,
				       REFERENCES(providers_references) };

static const struct unique invites_uniques[] = { { .columns = { INVITES_DIGEST }, .count = 1 },
						 { .columns = { INVITES_KEY_ID }, .count = 1 } };
static const struct reference invites_references[] = { { INVITES_GROUP, &table_groups }, { INVITES_ROLE, &table_roles } };
const struct table table_invites = { TABLE(invites, invite), .key_count = 1, .change_subject = -1, UNIQUES(invites_uniques),
				     REFERENCES(invites_references) };

static const struct unique accounts_uniques[] = { { .columns = { ACCOUNTS_SUBJECT }, .count = 1 } };
const struct table table_accounts = { TABLE(accounts, account), .key_count = 1, .change_subject = -1,
				      UNIQUES(accounts_uniques) };

static const struct reference families_references[] = { { FAMILIES_IDENTITY, &table_identities } };
const struct table table_families = { TABLE(families, family), .key_count = 1, .change_subject = -1,
				      REFERENCES(families_references) };

static const struct unique devices_uniques[] = { { .columns = { DEVICES_USER_CODE }, .count = 1 } };
const struct table table_devices = { TABLE(devices, device), .key_count = 1, .change_subject = -1, UNIQUES(devices_uniques) };
const struct table table_handovers = { TABLE(handovers, handover), .key_count = 1, .change_subject = -1 };
const struct table table_marks = { TABLE(marks, mark), .key_count = 1, .change_subject = -1 };

static const struct reference signin_rules_references[] = { { SIGNIN_RULES_GROUP, &table_groups } };
const struct table table_signin_rules = { TABLE(signin_rules, signin_rule), .key_count = 1, .change_subject = -1,
					  REFERENCES(signin_rules_references) };
static const struct reference access_requests_references[] = { { ACCESS_REQUESTS_GROUP, &table_groups },
							       { ACCESS_REQUESTS_IDENTITY, &table_identities } };
const struct table table_access_requests = { TABLE(access_requests, access_request), .key_count = 2, .change_subject = -1,
					     REFERENCES(access_requests_references) };

static const struct unique events_uniques[] = { { .columns = { EVENTS_ID }, .count = 1 } };
const struct table table_events = { TABLE(events, event), .key_count = 2, .change_subject = -1, .is_stamped = true,
				    UNIQUES(events_uniques) };

#define TABLE_ADDRESS(table, columns, row) &table_##table,
static const struct table *const all[] = { TABLES(TABLE_ADDRESS) };

const struct table *const *tables_all(size_t *ret_count)
{
	*ret_count = sizeof(all) / sizeof(*all);
	return all;
}

size_t table_index(const struct table *table)
{
	size_t i = 0;

	while (all[i] != table)
		i++;
	return i;
}

int table_column(const struct table *table, const char *name)
{
	for (size_t i = 0; i < table->column_count; i++)
		if (strcmp(table->columns[i].name, name) == 0)
			return (int)i;
	return -1;
}

FALLIBLE table_taken(const struct table *table, const struct unique *unique, const void *row)
{
	char resource[REPORT_FIELD_BYTES];
	slice told;

	if (!unique || !unique->field || !unique->told) {
		report_resource(table->noun);
		return unique && unique->field ? FAIL_EXISTS(unique->field, "%s", unique->rule)
					       : FAIL(FAULT_EXISTS, "this %s exists already", table->noun);
	}
	told = *(const slice *)column_at(&table->columns[unique->told], row);
	(void)snprintf(resource, sizeof(resource), "%s %.*s", table->noun, SLICE_ARG(told)); /* a longer one is cut */
	report_resource(resource);
	return FAIL_EXISTS(unique->field, "\"%.*s\" is taken: %s", SLICE_ARG(told), unique->rule);
}

static int number_compare(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

int column_compare(const struct column *column, const void *a, const void *b)
{
	const void *left = column_at(column, a), *right = column_at(column, b);

	switch (column->type) {
	case COLUMN_UID:
		return slice_compare(uid_bytes(left), uid_bytes(right));
	case COLUMN_TEXT:
	case COLUMN_BYTES:
		return slice_compare(*(const slice *)left, *(const slice *)right);
	case COLUMN_INT:
		return number_compare(*(const int64_t *)left, *(const int64_t *)right);
	case COLUMN_BOOL:
		return number_compare(*(const bool *)left, *(const bool *)right);
	case COLUMN_CAPS:
		break;
	}
	return 0; /* sets have no order */
}

int key_compare(const struct table *table, const void *a, const void *b)
{
	int order = 0;

	for (size_t i = 0; i < table->key_count && order == 0; i++)
		order = column_compare(&table->columns[i], a, b);
	return order;
}
