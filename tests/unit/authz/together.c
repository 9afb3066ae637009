/*
 * together: a right is taken away and used in one commit of the real store; and readers ask the index while commits move
 * rights.
 *
 * design.md 5: any change of lower revision wins, whichever shape it has; a commit's removals are seen before its additions.
 */
#define STORE_SQLITE
#include "../../store/fixture.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "authz/authz.h"
#include "model/role.h"

#define JOBS_MAX 8
#define NOW_S INT64_C(1800000000)
#define CHAIN 120 /* identities a right wanders through */
#define READERS 4

static struct fixture fixture;
static struct authz *authz;
static _Atomic size_t commits;
static struct token_grant everything;

static status committed(void *user, struct tx *tx, const struct change *changes, size_t count, uint64_t revision)
{
	(void)user; /* set once, while the index is loaded anew */
	atomic_fetch_add(&commits, 1);
	return authz_apply(authz, tx, changes, count, revision);
}

/* An organization o, the role r, who may create groups there. */
static void open_world(void)
{
	struct group org = group_at("o", "org");
	struct role role = role_at("o.r", "maker");

	fixture = fixture_new();
	authz = authz_new();
	CHECK(authz);
	store_on_commit(fixture.store, committed, NULL);
	org.status = 2;
	caps_add(&role.caps, CAP_IAM_GROUPS_CREATE_BIT);
	CHECK_OK(insert(&fixture, &table_groups, &org));
	CHECK_OK(insert(&fixture, &table_roles, &role));
	everything.group = uid_at("o");
	memset(&everything.caps, 0xff, sizeof(everything.caps));
}

static status load(struct tx *tx, void *arg)
{
	return authz_load(arg, tx);
}

/* As a restart does. No commit is under way. */
static void load_anew(void)
{
	authz = authz_free(authz);
	authz = authz_new();
	CHECK(authz);
	CHECK_OK(store_read(fixture.store, load, authz, NULL));
}

static void close_world(void)
{
	fixture_done(&fixture);
	authz = authz_free(authz);
}

static struct caller caller_of(const struct uid *identity)
{
	return (struct caller){ .is_known = true, .identity = *identity, .grants = &everything, .grants_count = 1 };
}

static bool allows(const struct uid *identity)
{
	struct caller caller = caller_of(identity);
	struct uid org = uid_at("o");

	return authz_allows(authz, &caller, &org, CAP_IAM_GROUPS_CREATE_BIT, NOW_S);
}

/* ---- one commit ---- */

struct step {
	struct store_job job; /* first */
	store_fn run;
	struct report report;
	struct group made; /* of a use */
	status result;
	uint64_t revision;
	sem_t *done;
};

static void step_done(struct store_job *job, status result, uint64_t revision)
{
	struct step *step = (struct step *)job;

	step->result = result;
	step->revision = revision;
	(void)sem_post(step->done);
}

/* Ada hands out at her organization what the binding gives her there. */
static FALLIBLE hand_out(struct tx *tx)
{
	struct uid ada = uid_at("a"), org = uid_at("o");
	struct caller caller = caller_of(&ada);
	struct caps given = { 0 };

	caps_add(&given, CAP_IAM_GROUPS_CREATE_BIT);
	return authz_hand_out(tx, &caller, &org, &given, NOW_S);
}

/* What each write of a handler begins with, in its transaction. */
static FALLIBLE admit(struct tx *tx)
{
	struct uid ada = uid_at("a"), org = uid_at("o");
	struct caller caller = caller_of(&ada);
	struct caps need = { 0 };
	bool by_operator;

	caps_add(&need, CAP_IAM_GROUPS_CREATE_BIT);
	TRY(authz_require(tx, &caller, &org, &need, NOW_S, &by_operator));
	return hand_out(tx);
}

/* What a write of a handler does: admitted in its transaction, then it changes something. */
static status use(struct tx *tx, void *arg)
{
	struct step *step = arg;

	TRY(admit(tx));
	return row_insert(tx, &table_groups, &step->made);
}

static status unbind(struct tx *tx, void *arg)
{
	struct binding key = { .uid = uid_at("o.b") };
	bool deleted;

	(void)arg;
	TRY(row_delete(tx, &table_bindings, &key, &deleted));
	CHECK(deleted);
	return OK;
}

static status unbind_and_fail(struct tx *tx, void *arg)
{
	struct uid ada = uid_at("a"), org = uid_at("o");
	struct caller caller = caller_of(&ada);
	struct caps held;

	TRY(unbind(tx, arg));
	TRY(authz_held(tx, &caller, &org, NOW_S, &held));
	CHECK(caps_is_empty(&held));
	return FAIL(FAULT_STATE, "thought better of it");
}

static status expire(struct tx *tx, void *arg)
{
	struct binding binding = binding_at("o.b", "a", "o.r");

	(void)arg;
	binding.expires_s = NOW_S;
	return row_update(tx, &table_bindings, &binding);
}

static status move_binding(struct tx *tx, void *arg)
{
	struct binding binding = binding_at("o.b", "z", "o.r");

	(void)arg;
	return row_update(tx, &table_bindings, &binding);
}

static status empty_role(struct tx *tx, void *arg)
{
	struct role role = role_at("o.r", "maker");

	(void)arg;
	caps_add(&role.caps, CAP_IAM_GROUPS_LIST_BIT);
	return row_update(tx, &table_roles, &role);
}

static status suspend(struct tx *tx, void *arg)
{
	struct group org = group_at("o", "org");

	(void)arg;
	org.status = 3;
	return row_update(tx, &table_groups, &org);
}

static status drop_identity(struct tx *tx, void *arg)
{
	struct identity key = { .uid = uid_at("a") };
	bool deleted;

	TRY(unbind(tx, arg));
	TRY(row_delete(tx, &table_identities, &key, &deleted));
	CHECK(deleted);
	return OK;
}

static status give_back(struct tx *tx, void *arg)
{
	struct role role = role_at("o.r", "maker");
	struct group org = group_at("o", "org");
	struct identity ada = identity_at("a", "ada");
	struct binding binding = binding_at("o.b", "a", "o.r");

	(void)arg;
	org.status = 2;
	caps_add(&role.caps, CAP_IAM_GROUPS_CREATE_BIT);
	TRY(row_put(tx, &table_groups, &org));
	TRY(row_put(tx, &table_roles, &role));
	TRY(row_put(tx, &table_identities, &ada));
	return row_put(tx, &table_bindings, &binding);
}

struct gate {
	sem_t entered, open, done;
};

static status wait_at_gate(struct tx *tx, void *arg)
{
	struct gate *gate = arg;

	(void)tx;
	(void)sem_post(&gate->entered);
	while (sem_wait(&gate->open))
		;
	return OK;
}

static void gate_passed(struct store_job *job, status result, uint64_t revision)
{
	(void)job, (void)result, (void)revision;
}

/* Runs all of them in one commit, in their order: the writer is held until they are queued. */
static void run_together(struct step *steps, size_t count)
{
	struct gate gate;
	struct store_job hold = { .run = wait_at_gate, .arg = &gate, .done = gate_passed };
	struct arena *arena = arena_new(1 << 20); /* that no job empties: what one left there is nothing to the next */
	size_t before;

	CHECK(sem_init(&gate.entered, 0, 0) == 0 && sem_init(&gate.open, 0, 0) == 0 && sem_init(&gate.done, 0, 0) == 0);
	CHECK_OK(store_submit(fixture.store, &hold));
	while (sem_wait(&gate.entered))
		;
	before = atomic_load(&commits);
	for (size_t i = 0; i < count; i++) {
		steps[i].done = &gate.done;
		steps[i].made = group_at("o.0", "made");
		steps[i].made.uid.at[UID_ROOT_BYTES] = (uint8_t)i;
		steps[i].made.name = slice_of(&"abcdefgh"[i], 1);
		steps[i].job = (struct store_job){
			.run = steps[i].run, .arg = &steps[i], .arena = arena, .report = &steps[i].report, .done = step_done
		};
		CHECK_OK(store_submit(fixture.store, &steps[i].job));
	}
	(void)sem_post(&gate.open);
	for (size_t i = 0; i < count; i++)
		while (sem_wait(&gate.done))
			;
	CHECK(atomic_load(&commits) - before == 1); /* all of them in one */
	(void)sem_destroy(&gate.entered), (void)sem_destroy(&gate.open), (void)sem_destroy(&gate.done);
	(void)arena_free(arena); /* gives NULL */
}

static bool was_made(const struct step *step)
{
	struct group row;

	return find(&fixture, &table_groups, &step->made, &row);
}

static const struct {
	const char *what;
	store_fn run;
} takings[] = {
	{ "the binding is deleted", unbind },  { "the binding ends", expire },
	{ "the binding moves", move_binding }, { "the role loses it", empty_role },
	{ "the organization rests", suspend }, { "the identity is deleted", drop_identity },
};

TEST(what_is_taken_away_and_used_in_one_commit_is_gone_for_whoever_comes_after_it)
{
	struct uid ada = uid_at("a");

	for (size_t i = 0; i < sizeof(takings) / sizeof(*takings); i++) {
		struct step steps[] = {
			{ .run = use }, { .run = takings[i].run }, { .run = use }, { .run = give_back }, { .run = use }
		};

		open_world();
		CHECK_OK(store_write(fixture.store, give_back, NULL, NULL, NULL));
		CHECK(allows(&ada));
		run_together(steps, 5);
		if (steps[2].result.fault != FAULT_DENIED)
			print_error("when %s, its use after it gives %s\n", takings[i].what,
				    fault_row(steps[2].result.fault)->grpc_name);
		CHECK_OK(steps[0].result);
		CHECK_OK(steps[1].result);
		CHECK_INT(steps[2].result.fault, FAULT_DENIED);
		CHECK_OK(steps[3].result);
		CHECK_OK(steps[4].result);
		CHECK(steps[0].revision < steps[1].revision && steps[1].revision < steps[3].revision);
		CHECK(was_made(&steps[0]) && !was_made(&steps[2]) && was_made(&steps[4]));
		CHECK(allows(&ada));
		close_world();
	}
}

/* As a call that takes from its own caller: admitted, then it changes rows, then it hands out. */
static status take_and_hand_out(struct tx *tx, void *arg)
{
	const store_fn *take = arg;

	TRY(admit(tx));
	TRY((*take)(tx, NULL));
	return hand_out(tx);
}

static status bind_and_hand_out(struct tx *tx, void *arg)
{
	if (!FAILED(hand_out(tx)))
		return FAIL(FAULT_INTERNAL, "nothing is held yet");
	TRY(give_back(tx, arg));
	return hand_out(tx);
}

TEST(what_a_call_took_from_its_own_caller_it_does_not_hand_out)
{
	for (size_t i = 0; i < sizeof(takings) / sizeof(*takings); i++) {
		store_fn take = takings[i].run;

		open_world();
		CHECK_OK(store_write(fixture.store, give_back, NULL, NULL, NULL));
		CHECK_FAULT(FAULT_DENIED, store_write(fixture.store, take_and_hand_out, &take, NULL, NULL));
		close_world();
	}
}

TEST(what_a_call_gave_to_its_own_caller_it_hands_out)
{
	open_world();
	CHECK_OK(store_write(fixture.store, bind_and_hand_out, NULL, NULL, NULL));
	close_world();
}

TEST(what_was_taken_away_by_a_call_that_failed_is_still_there_for_the_next_in_its_commit)
{
	struct uid ada = uid_at("a");
	struct step steps[] = { { .run = unbind_and_fail }, { .run = use }, { .run = unbind }, { .run = use } };

	open_world();
	CHECK_OK(store_write(fixture.store, give_back, NULL, NULL, NULL));
	run_together(steps, 4);
	CHECK_INT(steps[0].result.fault, FAULT_STATE);
	CHECK_OK(steps[1].result);
	CHECK_OK(steps[2].result);
	CHECK_INT(steps[3].result.fault, FAULT_DENIED);
	CHECK(was_made(&steps[1]) && !was_made(&steps[3]));
	CHECK(!allows(&ada));
	close_world();
}

/* ---- readers ---- */

static struct uid chain[CHAIN + 1];
static _Atomic size_t holder;
static _Atomic bool is_over;
static _Atomic size_t both, late, seen;

/* In one commit the right leaves one identity and comes to the next, and never comes back. */
static status pass_on(struct tx *tx, void *arg)
{
	const size_t *k = arg;
	struct binding binding = binding_at("o.b", "a", "o.r");
	bool deleted;

	binding.identity = chain[*k];
	binding.uid.at[UID_ROOT_BYTES] = (uint8_t)(*k & 1);
	TRY(row_delete(tx, &table_bindings, &binding, &deleted));
	binding.identity = chain[*k + 1];
	binding.uid.at[UID_ROOT_BYTES] = (uint8_t)((*k + 1) & 1);
	return row_insert(tx, &table_bindings, &binding);
}

static status make_chain(struct tx *tx, void *arg)
{
	struct binding binding = binding_at("o.b", "a", "o.r");

	(void)arg;
	for (size_t i = 0; i <= CHAIN; i++) {
		struct identity identity = identity_at("a", "one of many");
		identity.uid.at[1] = (uint8_t)i;
		chain[i] = identity.uid;
		TRY(row_insert(tx, &table_identities, &identity));
	}
	binding.identity = chain[0];
	binding.uid.at[UID_ROOT_BYTES] = 0;
	return row_insert(tx, &table_bindings, &binding);
}

static void *watch(void *arg)
{
	(void)arg;
	authz_thread_start();
	while (!atomic_load(&is_over)) {
		size_t known = atomic_load(&holder), k = known < CHAIN ? known : CHAIN - 1;
		bool next = allows(&chain[k + 1]), before = allows(&chain[k]);
		if (next && before)
			atomic_fetch_add(&both, 1); /* was with the next one first: it had left this one */
		if (known && allows(&chain[known - 1]))
			atomic_fetch_add(&late, 1); /* that commit was acknowledged */
		atomic_fetch_add(&seen, next || before);
		authz_thread_offline();
		authz_thread_online();
	}
	authz_thread_stop();
	return NULL;
}

TEST(no_reader_sees_a_right_that_moves_at_two_identities_nor_after_the_answer_at_the_old_one)
{
	pthread_t readers[READERS];

	open_world();
	CHECK_OK(store_write(fixture.store, make_chain, NULL, NULL, NULL));
	for (size_t i = 0; i < READERS; i++)
		CHECK(pthread_create(&readers[i], NULL, watch, NULL) == 0);
	for (size_t k = 0; k < CHAIN; k++) {
		CHECK_OK(store_write(fixture.store, pass_on, &k, NULL, NULL));
		atomic_store(&holder, k + 1);
	}
	while (atomic_load(&seen) == 0) /* a reader that never ran proves nothing */
		(void)usleep(1000);
	atomic_store(&is_over, true);
	for (size_t i = 0; i < READERS; i++)
		CHECK(pthread_join(readers[i], NULL) == 0);
	CHECK_INT(atomic_load(&both), 0);
	CHECK_INT(atomic_load(&late), 0);
	authz_thread_start();
	CHECK(allows(&chain[CHAIN]) && !allows(&chain[CHAIN - 1]));
	authz_thread_stop();
	close_world();
}

/* ---- readers beside what comes and goes ---- */

static _Atomic unsigned settled; /* odd: taken away, and answered */
static _Atomic bool is_moving;
static _Atomic size_t wrong, asked;

/* What the acknowledged commits say, while no other is under way. */
static void *ask_along(void *arg)
{
	const struct uid ada = uid_at("a"), org = uid_at("o");

	(void)arg;
	authz_thread_start();
	while (!atomic_load(&is_over)) {
		unsigned before = atomic_load(&settled);
		bool was_moving = atomic_load(&is_moving), may = allows(&ada);
		enum authz_life identity = authz_identity_life(authz, &ada, NOW_S), group = authz_group_life(authz, &org);
		bool is_alive = identity == LIFE_ALIVE && group == LIFE_ALIVE && authz_place_life(authz, &ada) == LIFE_ALIVE;

		if (!was_moving && !atomic_load(&is_moving) && atomic_load(&settled) == before) {
			atomic_fetch_add(&wrong, before % 2 ? may : !may || !is_alive);
			atomic_fetch_add(&asked, 1);
		}
		authz_thread_offline();
		authz_thread_online();
	}
	authz_thread_stop();
	return NULL;
}

static void change_along(store_fn change)
{
	atomic_store(&is_moving, true);
	CHECK_OK(store_write(fixture.store, change, NULL, NULL, NULL));
	atomic_fetch_add(&settled, 1);
	atomic_store(&is_moving, false);
	(void)usleep(200); /* somebody asks meanwhile */
}

TEST(readers_beside_commits_see_what_was_answered_of_organizations_and_identities)
{
	static const store_fn goings[] = { suspend, drop_identity, empty_role, expire };
	pthread_t readers[READERS];

	open_world();
	atomic_store(&is_over, false);
	CHECK_OK(store_write(fixture.store, give_back, NULL, NULL, NULL));
	load_anew();
	for (size_t i = 0; i < READERS; i++)
		CHECK(pthread_create(&readers[i], NULL, ask_along, NULL) == 0);
	for (size_t k = 0; k < CHAIN || atomic_load(&asked) == 0; k++) {
		change_along(goings[k % 4]);
		change_along(give_back);
	}
	atomic_store(&is_over, true);
	for (size_t i = 0; i < READERS; i++)
		CHECK(pthread_join(readers[i], NULL) == 0);
	CHECK_INT(atomic_load(&wrong), 0);
	close_world();
}

TESTS(what_is_taken_away_and_used_in_one_commit_is_gone_for_whoever_comes_after_it,
      what_a_call_took_from_its_own_caller_it_does_not_hand_out, what_a_call_gave_to_its_own_caller_it_hands_out,
      what_was_taken_away_by_a_call_that_failed_is_still_there_for_the_next_in_its_commit,
      no_reader_sees_a_right_that_moves_at_two_identities_nor_after_the_answer_at_the_old_one,
      readers_beside_commits_see_what_was_answered_of_organizations_and_identities)
