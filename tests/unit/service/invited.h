/*
 * invited: invites in the world of world.h, made as their authors would.
 */
#ifndef TESTS_UNIT_SERVICE_INVITED_H
#define TESTS_UNIT_SERVICE_INVITED_H

#include "world.h"

#include "service/invites.h"

struct given {
	struct uid group;
	struct invite_in in;
	Google__Protobuf__Duration ttl;
	struct invite invite;
	slice code;
};

static inline struct given invite_to(const struct uid *group, const char *role)
{
	struct given given = { .group = *group,
			       .in = { .role = slice_str(uid_text(&role_builtin_by_name(slice_str(role))->uid, arena)),
				       .role_field = "role",
				       .ttl_field = "ttl",
				       .email_field = "email" } };

	google__protobuf__duration__init(&given.ttl);
	given.ttl.seconds = 3600;
	return given;
}

static status invite_in(struct call *call, void *in, void *out)
{
	struct given *given = in;

	(void)out;
	given->in.ttl = &given->ttl;
	return invite_create(call, &given->group, &given->in, &given->invite, &given->code);
}

static inline FALLIBLE invite_as(struct given *given, const struct uid *author)
{
	return world_write(as(author, METHOD_GROUP_INVITES_CREATE_GROUP_INVITE), invite_in, given, NULL);
}

#endif
