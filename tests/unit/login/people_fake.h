/* What helper people lands; gone then. */
static bool codes_allowed = true;
static slice used[64];
static size_t used_count;
__attribute__((weak)) status people_code_allowed(struct call *call, const struct person *person, bool *ret_allowed)
{
	(void)call, (void)person;
	*ret_allowed = codes_allowed;
	return OK;
}
__attribute__((weak)) status people_login_token(struct call *call, const struct person *person, slice client_id,
						slice *ret_token)
{
	*ret_token = slice_str(arena_printf(call->arena, "login.%.*s.%.*s", SLICE_ARG(person->subject), SLICE_ARG(client_id)));
	return OK;
}
__attribute__((weak)) status people_known(struct call *call, const struct person *person, bool *ret_known)
{
	(void)call;
	*ret_known = slice_is(person->subject, "registered");
	return OK;
}
__attribute__((weak)) status people_session(struct call *call, slice login_token, const struct people_want *want, slice *ret)
{
	(void)call, (void)login_token, (void)want;
	*ret = SLICE("refresh");
	return OK;
}
__attribute__((weak)) status people_use_once(struct call *call, const char *label, slice value, int64_t expires_s,
					     bool *ret_is_first)
{
	(void)call, (void)label, (void)expires_s;
	*ret_is_first = true;
	for (size_t i = 0; i < used_count; i++)
		*ret_is_first = *ret_is_first && !slice_eq(used[i], value);
	used[used_count++] = arena_copy(arena, value);
	return OK;
}
