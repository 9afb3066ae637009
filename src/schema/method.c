#include "schema/method_impl.h"

const struct method *method_by_path(slice path)
{
	uint32_t slot = path_slot(path_hash(path));

	for (; method_path_slots[slot]; slot = (slot + 1) & (PATH_SLOTS - 1)) {
		unsigned entry = method_path_slots[slot] - 1u;
		const struct method *method = &methods[entry / 2];

		if (slice_eq(entry % 2 ? method->also : method->path, path))
			return method;
	}
	return NULL;
}

const struct method *method_by_label(slice label)
{
	for (size_t i = 0; i < METHOD_COUNT; i++)
		if (slice_is(label, methods[i].label))
			return &methods[i];
	return NULL;
}
