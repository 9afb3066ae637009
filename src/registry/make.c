#include "registry/make.h"

#include "iam/v2/groups.pb-c.h"
#include "registry/v2/repos.pb-c.h"
#include "service/support.h"

#define PARTS_MAX 32

bool make_may(const struct call *call, const struct caller *caller, const struct path_place *place)
{
	int64_t now_s = call_now_s(call);

	if (place->missing > 1 && !authz_allows(call->parts->authz, caller, &place->nearest, CAP_IAM_GROUPS_CREATE_BIT, now_s))
		return false;
	return authz_allows(call->parts->authz, caller, &place->nearest, CAP_REPO_CREATE_BIT, now_s) &&
	       authz_allows(call->parts->authz, caller, &place->nearest, CAP_MANIFEST_CREATE_BIT, now_s);
}

static FALLIBLE make_folder(struct call *call, const struct caller *caller, const struct uid *parent, slice name)
{
	Chainguard__Platform__Iam__V2__CreateGroupRequest in;
	Chainguard__Platform__Iam__V2__Group group, out;

	chainguard__platform__iam__v2__create_group_request__init(&in);
	chainguard__platform__iam__v2__group__init(&group);
	chainguard__platform__iam__v2__group__init(&out);
	in.group = &group;
	TRY(put_uid(call, parent, &in.parent));
	TRY(put_text(call, name, &group.name));
	return call_nested(call, caller, SLICE(""), METHOD_GROUPS_CREATE_GROUP, &in, &out);
}

static FALLIBLE make_repository(struct call *call, const struct caller *caller, const struct uid *parent, slice name)
{
	Chainguard__Platform__Registry__V2__CreateRepoRequest in;
	Chainguard__Platform__Registry__V2__Repo repo, out;

	chainguard__platform__registry__v2__create_repo_request__init(&in);
	chainguard__platform__registry__v2__repo__init(&repo);
	chainguard__platform__registry__v2__repo__init(&out);
	in.repo = &repo;
	TRY(put_uid(call, parent, &in.parent));
	TRY(put_text(call, name, &repo.name));
	return call_nested(call, caller, SLICE(""), METHOD_REPOS_CREATE_REPO, &in, &out);
}

/* One step; then the path is looked up again, so that whoever was faster is found too. */
static FALLIBLE make_next(struct call *call, const struct caller *caller, const slice *parts, size_t count,
			  const struct path_place *place)
{
	slice name = parts[count - place->missing];
	status result = place->missing == 1 ? make_repository(call, caller, &place->nearest, name)
					    : make_folder(call, caller, &place->nearest, name);

	if (result.fault == FAULT_EXISTS) {
		report_clear(report_current());
		return OK;
	}
	return result;
}

FALLIBLE make_path(struct call *call, const struct caller *caller, slice name, struct path_place *place)
{
	slice parts[PARTS_MAX];
	size_t count;

	if (!scope_split(name, parts, PARTS_MAX, &count) || count < 2)
		return OK;
	for (size_t step = 0; step < PARTS_MAX && !place->is_complete; step++) {
		size_t missing = place->missing;
		TRY(make_next(call, caller, parts, count, place));
		TRY(path_find(call->parts->store, call->arena, name, place));
		if (place->missing >= missing)
			return FAIL(FAULT_CONFLICT, "the path changed while it was made; try again");
	}
	return OK;
}
