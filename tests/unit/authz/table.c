/*
 * The decision table: table.txt, which says what a row means, asked of the index, of a transaction, and of lists.
 *
 * A wrong row is told by its line, and all rows are asked before the test fails.
 */
#include "world.h"

#include "base/mem.h"

#define TABLE_BYTES_MAX 65536
#define ROWS_MIN 60 /* fewer: somebody cut the table */
#define WHY_MIN 3
#define BELOW "\xbe\xbe\xbe\xbe\xbe\xbe\xbe\xbe"

struct asked {
	struct caller caller;
	struct caps need;
	struct uid place;
	int64_t now_s;
};

static struct world world;
static struct token_grant grants[CALLER_GRANTS_MAX];
static unsigned line, rows, wrong;

static void bad_line(slice text)
{
	fail_msg("table.txt:%u: cannot be read: %.*s", line, SLICE_ARG(text));
}

static const char *word_text(slice word)
{
	static char text[4][80];
	static unsigned turn;
	char *into = text[turn++ % 4];

	CHECK(word.len < sizeof(text[0]));
	memcpy(into, word.at, word.len);
	into[word.len] = '\0';
	return into;
}

/* The next word; an empty slice at the end. */
static slice next_word(slice *rest)
{
	slice word;

	*rest = slice_trim(*rest);
	(void)slice_cut(*rest, ' ', &word, rest); /* the last one ends the text */
	return word;
}

static const struct uid *group_of(slice path)
{
	return world_group(&world, word_text(path));
}

static struct caps caps_of(slice text)
{
	struct caps caps = { 0 };
	slice name;

	while (text.len && !slice_is(text, "nothing")) {
		(void)slice_cut(text, ',', &name, &text); /* the last one ends the text */
		if (!cap_by_name(name))
			bad_line(name);
		caps_add(&caps, cap_by_name(name)->bit);
	}
	return caps;
}

static int64_t seconds_of(slice word)
{
	bool is_before = slice_starts(word, SLICE("-"));
	uint64_t n = 0;

	if (!slice_number(is_before ? slice_from(word, 1) : word, 1000, &n))
		bad_line(word);
	return WORLD_NOW + (is_before ? -(int64_t)n : (int64_t)n);
}

static void give_world(slice text)
{
	char copy[1024];

	CHECK(text.len < sizeof(copy));
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	world_text(&world, copy);
}

/* ---- changes ---- */

static void bind(slice rest)
{
	slice name = next_word(&rest), role = next_word(&rest), path = next_word(&rest), from = next_word(&rest),
	      until = next_word(&rest);
	struct binding *made;
	struct uid identity;

	CHECK(role_is_builtin_name(role));
	identity = *world_make_identity(&world, word_text(name));
	made = world_bind(&world, &identity, group_of(path), &role_builtin_by_name(role)->uid);
	made->not_before_s = slice_is(from, "-") ? 0 : seconds_of(from);
	made->expires_s = slice_is(until, "-") ? 0 : seconds_of(until);
}

static void unbind(slice rest)
{
	struct uid identity = *world_identity(&world, word_text(next_word(&rest))), group = *group_of(next_word(&rest));

	for (size_t i = 0; i < WORLD_BINDINGS; i++)
		if (world.has_binding[i] && uid_eq(&world.bindings[i].identity, &identity) &&
		    uid_eq(&world.bindings[i].group, &group))
			world_unbind(&world, &world.bindings[i]);
}

static void change(slice rest)
{
	slice verb = next_word(&rest), first = slice_trim(rest), role;

	if (slice_is(verb, "bind")) {
		bind(rest);
	} else if (slice_is(verb, "unbind")) {
		unbind(rest);
	} else if (slice_is(verb, "suspend") || slice_is(verb, "restore")) {
		(void)world_put_group(&world, group_of(first), slice_is(verb, "suspend") ? STATUS_SUSPENDED_ : 2);
	} else if (slice_is(verb, "drop-group")) {
		world_drop_group(&world, group_of(first));
	} else if (slice_is(verb, "drop-identity")) {
		world_drop_identity(&world, world_identity(&world, word_text(first)));
	} else if (slice_is(verb, "drop-role") || slice_is(verb, "set-role")) {
		role = next_word(&rest);
		CHECK(role_is_builtin_name(role));
		if (slice_is(verb, "drop-role"))
			world_drop_role(&world, &role_builtin_by_name(role)->uid);
		else
			world_put_role(&world, &role_builtin_by_name(role)->uid, caps_of(slice_trim(rest)));
	} else {
		bad_line(verb);
	}
	world_commit(&world);
}

/* ---- the question ---- */

static int by_group(const void *a, const void *b)
{
	return uid_compare(&((const struct token_grant *)a)->group, &((const struct token_grant *)b)->group);
}

/* "org=groups.list+org/ci=repo.list" */
static void carry(struct caller *caller, slice text)
{
	slice grant, path, caps;

	caller->grants = grants;
	caller->grants_count = 0;
	if (slice_is(text, "none"))
		return;
	while (text.len) {
		(void)slice_cut(text, '+', &grant, &text); /* the last one ends the text */
		if (!slice_cut(grant, '=', &path, &caps))
			bad_line(grant);
		grants[caller->grants_count++] = (struct token_grant){ *group_of(path), caps_of(caps) };
	}
	qsort(grants, caller->grants_count, sizeof(*grants), by_group);
}

/* What an exchange for these scopes puts into the token. */
static void exchange(struct caller *caller, slice text)
{
	struct uid scopes[8];
	struct token_grant *made;
	size_t count = 0, made_count;
	bool is_operator;
	slice path;

	while (text.len) {
		(void)slice_cut(text, ',', &path, &text); /* the last one ends the text */
		scopes[count++] = *group_of(path);
	}
	CHECK_OK(authz_grants(world.authz, &caller->identity, scopes, count, NULL, WORLD_NOW, world.tx.arena, &made,
			      &made_count, &is_operator));
	caller->grants = made;
	caller->grants_count = made_count;
}

static void read_caller(slice text, struct asked *asked)
{
	slice name = next_word(&text), word;

	asked->now_s = WORLD_NOW;
	asked->caller = (struct caller){ 0 };
	if (!slice_is(name, "stranger"))
		asked->caller = world_caller(&world, world_identity(&world, word_text(name)));
	while ((word = next_word(&text)).len) {
		if (slice_is(word, "operator"))
			asked->caller.claims_operator = true;
		else if (slice_is(word, "in"))
			asked->caller.confined_to = *group_of(next_word(&text));
		else if (slice_is(word, "at"))
			asked->now_s = seconds_of(next_word(&text));
		else if (slice_is(word, "token"))
			carry(&asked->caller, next_word(&text));
		else if (slice_is(word, "asks"))
			exchange(&asked->caller, next_word(&text));
		else
			bad_line(word);
	}
}

static struct uid place_of(slice text)
{
	struct uid below;

	if (slice_is(text, "root"))
		return (struct uid){ 0 };
	if (slice_starts(text, SLICE("@")))
		return *world_identity(&world, word_text(slice_from(text, 1)));
	if (!slice_ends(text, SLICE("/*")))
		return *group_of(text);
	CHECK_OK(uid_new_child(group_of(slice_to(text, text.len - 2)), (const uint8_t *)BELOW, &below));
	return below;
}

/* ---- the answers ---- */

static bool index_allows(const struct asked *asked)
{
	struct caps held = authz_caps_at(world.authz, &asked->caller, &asked->place, asked->now_s);
	bool allows = true;

	for (unsigned bit = 0; bit < CAPS_BITS; bit++)
		if (caps_has(&asked->need, bit))
			allows = allows && authz_allows(world.authz, &asked->caller, &asked->place, bit, asked->now_s);
	assert_int_equal(allows, caps_within(&asked->need, &held)); /* one decision, two ways to ask */
	return allows && !caps_is_empty(&asked->need);
}

static bool list_reaches(const struct asked *asked)
{
	const struct uid *confined = &asked->caller.confined_to;
	struct uid *places;
	size_t count;
	bool everywhere, reaches;

	CHECK_OK(authz_reach(world.authz, &asked->caller, &asked->need, asked->now_s, world.tx.arena, &places, &count,
			     &everywhere));
	reaches = everywhere && (uid_is_none(confined) || uid_covers(confined, &asked->place));
	for (size_t i = 0; i < count; i++)
		reaches = reaches || (!uid_is_none(&asked->place) && uid_covers(&places[i], &asked->place));
	return reaches;
}

/* "allowed", "by operator", "denied CAP", as a transaction answers. */
static void answer_of(const struct asked *asked, char *into, size_t room)
{
	static const char cannot[] = "cannot use ";
	bool by_operator = false;
	const char *text;
	status st = authz_require(&world.tx, &asked->caller, &asked->place, &asked->need, asked->now_s, &by_operator);

	if (!FAILED(st)) {
		(void)snprintf(into, room, by_operator ? "by operator" : "allowed");
		return;
	}
	CHECK_INT(st.fault, FAULT_DENIED);
	text = strstr(report_current()->text, cannot);
	CHECK(text);
	text += strlen(cannot);
	(void)snprintf(into, room, "denied %.*s", (int)strcspn(text, " "), text);
}

static void ask(slice text)
{
	slice caller = SLICE(""), need = SLICE(""), place = SLICE(""), answer = SLICE(""), why;
	struct asked asked;
	bool is_allowed;
	char got[100];

	if (!slice_cut(text, '|', &caller, &text) || !slice_cut(text, '|', &need, &text) ||
	    !slice_cut(text, '|', &place, &text) || !slice_cut(text, '|', &answer, &why))
		bad_line(text);
	answer = slice_trim(answer);
	world_rest(&world);
	read_caller(caller, &asked);
	asked.need = caps_of(slice_trim(need));
	asked.place = place_of(slice_trim(place));
	answer_of(&asked, got, sizeof(got));
	is_allowed = strncmp(got, "denied", 6) != 0;
	rows++;
	if (!slice_is(answer, got) || index_allows(&asked) != is_allowed || list_reaches(&asked) != is_allowed ||
	    slice_trim(why).len < WHY_MIN) {
		print_error("table.txt:%u: wanted %.*s, a transaction says %s, the index %s, a list %s\n", line,
			    SLICE_ARG(answer), got, index_allows(&asked) ? "yes" : "no", list_reaches(&asked) ? "yes" : "no");
		wrong++;
	}
}

static slice table_text(void)
{
	static char text[TABLE_BYTES_MAX];
	FILE *file = fopen(TABLE_FILE, "re");
	size_t len;

	CHECK(file);
	len = fread(text, 1, sizeof(text), file);
	CHECK(len < sizeof(text) && fclose(file) == 0);
	return slice_of(text, len);
}

TEST(every_row_of_the_decision_table_is_decided_as_it_says)
{
	slice rest = table_text(), text;
	bool has_world = false;

	while (rest.len) {
		(void)slice_cut(rest, '\n', &text, &rest); /* the last line ends the text */
		text = slice_trim(text);
		line++;
		if (text.len == 0 || slice_starts(text, SLICE("#")))
			continue;
		if (slice_starts(text, SLICE("given "))) {
			if (has_world)
				world_done(&world);
			give_world(slice_from(text, 6));
			has_world = true;
		} else if (slice_starts(text, SLICE("then "))) {
			change(slice_from(text, 5));
		} else {
			CHECK(has_world);
			ask(text);
		}
	}
	world_done(&world);
	CHECK_INT(wrong, 0);
	CHECK(rows >= ROWS_MIN);
}

TESTS(every_row_of_the_decision_table_is_decided_as_it_says)
