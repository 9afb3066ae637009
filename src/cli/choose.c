/*
 * choose: menus on a terminal.
 */
#include "cli/choose.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/interrupt.h"
#include "model/caps.h"

#define TYPED_BYTES 64
#define ESCAPE_WAIT_MS 30 /* what follows an escape character comes with it, or it was typed alone */
#define HIDE "\033[?25l"
#define SHOW "\033[?25h"

bool choose_is_possible(const struct cli *cli)
{
	const char *terminal = getenv("TERM");

	return isatty(fileno(cli->in)) && isatty(fileno(cli->err)) && !(terminal && strcmp(terminal, "dumb") == 0);
}

/* --- the terminal --- */

/* Keys one by one, unseen; Ctrl-C stays a signal, which is noted, and Ctrl-Z does nothing. */
static FALLIBLE begin_keys(int fd, struct termios *ret_before)
{
	struct termios mode;

	if (tcgetattr(fd, ret_before) != 0)
		return FAIL(FAULT_INTERNAL, "the terminal cannot be set: %s", strerror(errno));
	mode = *ret_before;
	mode.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
	mode.c_iflag &= (tcflag_t) ~(ICRNL | IXON);
	mode.c_cc[VSUSP] = _POSIX_VDISABLE;
	mode.c_cc[VMIN] = 1;
	mode.c_cc[VTIME] = 0;
	if (tcsetattr(fd, TCSADRAIN, &mode) != 0)
		return FAIL(FAULT_INTERNAL, "the terminal cannot be set: %s", strerror(errno));
	return OK;
}

static struct winsize size_of(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
		size = (struct winsize){ .ws_col = 80, .ws_row = 24 };
	return size;
}

/* Draws over what was drawn: `lines` of it. */
static size_t draw(struct cli *cli, struct menu *menu, size_t lines)
{
	struct winsize size = size_of(fileno(cli->err));
	struct buffer out;
	size_t drawn;

	buffer_init(&out, NULL, MENU_DRAWN_BYTES_MAX);
	if (lines > 0)
		buffer_printf(&out, "\r\033[%zuA", lines);
	buffer_text(&out, "\033[J");
	drawn = menu_draw(menu, size.ws_col, size.ws_row, &out);
	fprintf(cli->err, "%.*s", SLICE_ARG(buffer_slice(&out)));
	(void)fflush(cli->err);
	buffer_done(&out);
	return drawn;
}

static void clear(struct cli *cli, size_t lines)
{
	fprintf(cli->err, "\r\033[%zuA\033[J" SHOW, lines);
	(void)fflush(cli->err);
}

/* Bytes of the next key or keys; 0 when none came in this tick, -1 at the end. */
static ssize_t read_keys(int fd, char typed[TYPED_BYTES])
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	ssize_t len;

	if (poll(&wait, 1, INTERRUPT_TICK_MS) <= 0)
		return 0;
	len = read(fd, typed, TYPED_BYTES);
	if (len == 1 && typed[0] == '\033' && poll(&wait, 1, ESCAPE_WAIT_MS) > 0) {
		ssize_t more = read(fd, typed + 1, TYPED_BYTES - 1);

		len += more > 0 ? more : 0;
	}
	return len > 0 ? len : -1;
}

static enum menu_step follow(struct cli *cli, struct menu *menu, size_t *lines)
{
	enum menu_step step = MENU_GOES_ON;
	struct winsize seen = size_of(fileno(cli->err));

	*lines = draw(cli, menu, 0);
	while (step == MENU_GOES_ON && !interrupt_came()) {
		struct winsize size = size_of(fileno(cli->err));
		char typed[TYPED_BYTES];
		ssize_t len = read_keys(fileno(cli->in), typed);

		if (len < 0)
			return MENU_LEFT;
		if (len > 0)
			step = menu_take(menu, slice_of(typed, (size_t)len));
		if (len > 0 || size.ws_col != seen.ws_col || size.ws_row != seen.ws_row)
			*lines = draw(cli, menu, *lines);
		seen = size;
	}
	return interrupt_came() ? MENU_LEFT : step;
}

FALLIBLE choose_run(struct cli *cli, struct menu *menu)
{
	struct termios before;
	enum menu_step step;
	size_t lines = 0;

	menu->has_colour = cli_has_colour(cli, cli->err);
	menu_begin(menu);
	interrupt_watch();
	if (FAILED(begin_keys(fileno(cli->in), &before))) {
		interrupt_unwatch();
		return FAIL(FAULT_INTERNAL, "the terminal cannot be set for a menu");
	}
	fputs(HIDE, cli->err);
	step = follow(cli, menu, &lines);
	clear(cli, lines);
	(void)tcsetattr(fileno(cli->in), TCSADRAIN, &before); /* it was set a moment ago */
	interrupt_unwatch();
	return step == MENU_TAKEN ? OK : FAIL(FAULT_CANCELLED, "nothing was chosen; nothing was done");
}

/* --- what is picked from --- */

static FALLIBLE items_new(struct cli *cli, size_t count, const char *noun, struct menu_item **ret_items)
{
	if (count == 0)
		return FAIL(FAULT_ABSENT, "there is no %s to choose from where you may look", noun);
	if (count > CHOICES_MAX)
		return FAIL(FAULT_EXHAUSTED, "too many to choose from; name the %s", noun);
	*ret_items = NEW_N(cli->arena, struct menu_item, count);
	TRY_NEW(*ret_items);
	return OK;
}

/* The row that is picked; without a menu when there is but one. */
static FALLIBLE pick(struct cli *cli, struct menu *menu, const char *noun, const struct json *const *rows, slice *ret_uid)
{
	if (menu->count == 1)
		menu_begin(menu);
	else
		TRY(choose_run(cli, menu));
	*ret_uid = json_at(rows[menu->cursor], "uid");
	cli_say(cli, "\xe2\x9c\x94 Selected %s %.*s.", noun, (int)slice_plain_len(menu->items[menu->cursor].label),
		menu->items[menu->cursor].label.at);
	return OK;
}

static int by_name(const void *a, const void *b)
{
	const struct json *const *left = a, *const *right = b;

	return slice_compare(json_at(*left, "name"), json_at(*right, "name"));
}

/* --- groups --- */

/* A group in its place: key orders siblings by name, each followed by what lies below it. */
struct branch {
	const struct json *row;
	slice uid, key;
	unsigned depth;
};

static int by_uid(const void *a, const void *b)
{
	const struct branch *left = a, *right = b;

	return slice_compare(left->uid, right->uid);
}

static int by_key(const void *a, const void *b)
{
	const struct branch *left = a, *right = b;

	return slice_compare(left->key, right->key);
}

/* Sorted by uid a group comes before all below it, so the nearest one above is found by going back. One whose parents cannot be
 * seen stands at the top. */
static const struct branch *parent_of(const struct branch *branches, size_t i)
{
	slice parent = uid_text_parent(branches[i].uid);

	for (size_t k = i;
	     parent.len > 0 && k-- > 0 && uid_text_covers(slice_to(parent, slice_find(parent, '/')), branches[k].uid);)
		if (slice_eq(branches[k].uid, parent))
			return &branches[k];
	return NULL;
}

static FALLIBLE plant(struct cli *cli, const struct json *const *rows, size_t count, struct branch **ret_branches)
{
	struct branch *branches = NEW_N(cli->arena, struct branch, count);

	TRY_NEW(branches);
	for (size_t i = 0; i < count; i++)
		branches[i] = (struct branch){ .row = rows[i], .uid = json_at(rows[i], "uid") };
	qsort(branches, count, sizeof(*branches), by_uid);
	for (size_t i = 0; i < count; i++) {
		const struct branch *parent = parent_of(branches, i);
		char *key = arena_printf(cli->arena, "%.*s\001%.*s\002%.*s", SLICE_ARG(parent ? parent->key : slice_str("")),
					 SLICE_ARG(json_at(branches[i].row, "name")), SLICE_ARG(branches[i].uid));

		TRY_NEW(key);
		branches[i].key = slice_str(key);
		branches[i].depth = parent ? parent->depth + 1 : 0;
	}
	qsort(branches, count, sizeof(*branches), by_key);
	*ret_branches = branches;
	return OK;
}

FALLIBLE choose_group(struct cli *cli, enum group_kind kind, slice *ret_uid)
{
	static const char *const titles[] = { [GROUP_ANY] = "Which organization or folder?",
					      [GROUP_ORGANIZATION] = "Which organization?",
					      [GROUP_FOLDER] = "Which folder?" };
	struct menu menu = { .title = titles[kind] };
	struct branch *branches;
	const struct json **rows;
	struct ask ask;

	TRY(ask_begin(cli, &ask, METHOD_GROUPS_LIST_GROUPS, "listing what can be chosen"));
	if (kind == GROUP_ORGANIZATION)
		ask_text(&ask, "uidp.in_root", SLICE("true"));
	TRY(call_list(cli, &ask, "groups", &rows, &menu.count));
	TRY(items_new(cli, menu.count, "organization", &menu.items));
	TRY(plant(cli, rows, menu.count, &branches));
	for (size_t i = 0; i < menu.count; i++) {
		rows[i] = branches[i].row;
		menu.items[i] = (struct menu_item){ .label = json_at(rows[i], "name"),
						    .note = json_at(rows[i], "description"),
						    .depth = branches[i].depth };
	}
	TRY(pick(cli, &menu, kind == GROUP_ORGANIZATION ? "organization" : "folder", rows, ret_uid));
	if (kind == GROUP_FOLDER && uid_text_parent(*ret_uid).len == 0)
		return FAIL(FAULT_INVALID, "that is an organization, no folder; nothing was done");
	return OK;
}

/* --- roles, identities --- */

static FALLIBLE pick_named(struct cli *cli, const char *title, const char *noun, const struct json **rows, size_t count,
			   slice *ret_uid)
{
	struct menu menu = { .title = title, .count = count };

	TRY(items_new(cli, count, noun, &menu.items));
	qsort(rows, count, sizeof(*rows), by_name);
	for (size_t i = 0; i < count; i++)
		menu.items[i] =
			(struct menu_item){ .label = json_at(rows[i], "name"), .note = json_at(rows[i], "description") };
	return pick(cli, &menu, noun, rows, ret_uid);
}

FALLIBLE choose_role(struct cli *cli, slice at, slice *ret_uid)
{
	const struct json **rows;
	struct ask ask;
	size_t count, kept = 0;

	TRY(ask_begin(cli, &ask, METHOD_ROLES_LIST_ROLES, "listing the roles"));
	TRY(call_list(cli, &ask, "roles", &rows, &count));
	for (size_t i = 0; i < count; i++) {
		slice parent = uid_text_parent(json_at(rows[i], "uid"));

		if (parent.len == 0 || at.len == 0 || uid_text_covers(parent, at))
			rows[kept++] = rows[i];
	}
	return pick_named(cli, "Which role?", "role", rows, kept, ret_uid);
}

FALLIBLE choose_identity(struct cli *cli, slice *ret_uid)
{
	const struct json **rows;
	struct ask ask;
	size_t count;

	TRY(ask_begin(cli, &ask, METHOD_IDENTITIES_LIST_IDENTITIES, "listing the identities"));
	TRY(call_list(cli, &ask, "identities", &rows, &count));
	return pick_named(cli, "Which identity?", "identity", rows, count, ret_uid);
}

/* --- capabilities --- */

FALLIBLE choose_capabilities(struct cli *cli, const slice *marked, size_t marked_count, slice **ret_names, size_t *ret_count)
{
	struct menu menu = { .title = "Which capabilities?", .is_many = true };
	const struct cap_row *const *rows = cap_rows(&menu.count);
	slice *names;
	size_t count = 0;

	TRY(items_new(cli, menu.count, "capability", &menu.items));
	names = NEW_N(cli->arena, slice, menu.count);
	TRY_NEW(names);
	for (size_t i = 0; i < menu.count; i++) {
		menu.items[i].label = slice_str(rows[i]->name);
		for (size_t k = 0; k < marked_count; k++)
			menu.items[i].is_marked |= slice_eq(marked[k], menu.items[i].label);
	}
	TRY(choose_run(cli, &menu));
	for (size_t i = 0; i < menu.count; i++)
		if (menu.items[i].is_marked)
			names[count++] = menu.items[i].label;
	cli_say(cli, "\xe2\x9c\x94 Selected %zu capabilities.", count);
	*ret_names = names;
	*ret_count = count;
	return OK;
}
