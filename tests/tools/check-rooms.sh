#!/bin/sh
# Each breach that tools/check-rooms promises to find is made once in a small tree of its own, and has to be found; the tree
# without breaches has to pass.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

# A clean tree: three rooms, one door, one header each.
fresh() {
	rm -rf "$tree"
	mkdir -p "$tree/tools" "$tree/src/base" "$tree/src/crypto" "$tree/src/http" "$tree/src/store" "$tree/src/token" "$tree/build/api"
	cp "$top/tools/check-rooms" "$tree/tools/"
	cp "$top/src/ROOMS" "$top/src/DOORS" "$tree/src/"
	: >"$tree/src/base/banned.h"
	: >"$tree/build/api/methods.gen.h"
	for room in base crypto http store token; do
		echo "# $room" >"$tree/src/$room/README.md"
		printf '#include <stddef.h>\nsize_t %s(void);\n' $room >"$tree/src/$room/$room.h"
		printf '#include "%s/%s.h"\n' $room $room >"$tree/src/$room/$room.c"
	done
	printf '#include <sqlite3.h>\n#include "base/base.h"\n' >"$tree/src/store/sqlite.c"
}

# expect <text that must be said, empty for none> <what this is>
expect() {
	said=$("$tree/tools/check-rooms" build 2>&1) && ok=yes || ok=no
	case "$1,$ok" in
	,yes) ;;
	,no) wrong=yes ;;
	*,yes) wrong=yes ;;
	*) case "$said" in *"$1"*) ;; *) wrong=yes ;; esac ;;
	esac
	if [ "${wrong:-no}" = yes ]; then
		echo "not ok - $2: $said"
		failed=1
	else
		echo "ok - $2"
	fi
	wrong=no
	fresh
}

fresh
expect "" "a clean tree passes"
echo '#include "store/store.h"' >>"$tree/src/base/base.c"
expect "store does not stand on a lower line" "an include of an upper room"
echo '#include "http/http.h"' >>"$tree/src/store/store.c"
expect "keeps http for" "an include of a room kept for others"
: >"$tree/src/base/base_impl.h"
echo '#include "base/base_impl.h"' >>"$tree/src/store/store.c"
expect "base's own" "an include of another room's inner header"
echo '#include "store.h"' >>"$tree/src/store/store.c"
expect "names no room" "a quoted include without a room"
echo '#include "iam/v1/groups.pb-c.h"' >>"$tree/src/base/base.c"
expect "known from schema upwards" "a message below schema"
echo '#include <sqlite3.h>' >>"$tree/src/token/token.c"
expect "may be included by store/sqlite" "a foreign header outside its door"
echo '#include <openssl/ssl.h>' >>"$tree/src/crypto/crypto.c"
expect "may be included by net/tls.c" "the first matching door counts"
echo '#include <zlib.h>' >>"$tree/src/base/base.c"
expect "has no row in src/DOORS" "a foreign header without a door"
mkdir "$tree/src/attic" && : >"$tree/src/attic/a.c"
expect "has no README.md" "a room without README"
yes '/**/' | head -n 801 >"$tree/src/base/long.c"
expect "more than 800 lines" "a file of 801 lines"
yes '/**/' | head -n 800 >"$tree/src/base/long.c"
expect "" "a file of 800 lines passes"
{ printf 'int f(void)\n{\n'; yes '	;' | head -n 121; echo '}'; } >"$tree/src/base/f.c"
expect "a function of 121 lines: int f(void)" "a function of 121 lines"
for i in 1 2 3 4 5 6 7 8 9 10 11; do { printf 'int f(void)\n{\n'; yes '	;' | head -n 71; echo '}'; } >"$tree/src/base/f$i.c"; done
expect "11 functions have more than 70 lines" "too many long functions"
for i in 1 2 3 4 5 6 7 8 9 10; do { printf 'int f(void)\n{\n'; yes '	;' | head -n 71; echo '}'; } >"$tree/src/base/f$i.c"; done
expect "" "ten long functions pass"
echo 'uint8_t byte(void);' >"$tree/src/base/byte.h"
expect "does not compile by itself" "a header that needs another first"
exit $failed
