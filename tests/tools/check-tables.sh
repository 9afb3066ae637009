#!/bin/sh
# Each unfinished or contradicting row that tools/check-tables promises to name is written once in a small tree of its own, and
# has to be named; the tree without them has to pass.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

fresh() {
	rm -rf "$tree"
	mkdir -p "$tree/tools" "$tree/api/reeve/v1" "$tree/src/cli" "$tree/build/api" "$tree/tests/fuzz/corpus/uid" "$tree/tests/wire"
	cp "$top/tools/check-tables" "$tree/tools/"
	cd "$tree"
	echo 'FAULT(ABSENT, "NOT_FOUND", 5, 404, false, "no such resource")' >api/faults.def
	cat >api/capabilities.proto <<-'EOF'
		  CAP_A = 1 [(reeve.api.capability) = { bit: 1 name: "a.list" }];
		  CAP_B = 2 [(reeve.api.capability) = { bit: 2 name: "b.list" }];
	EOF
	echo '  CAP_OURS = 3 [(reeve.api.capability) = { bit: 255 name: "ours" }];' >api/reeve/v1/capabilities.proto
	cat >api/roles.def <<-'EOF'
		ROLE(ONE, "one", "First.", CAP(A))
		ROLE(TWO, "two",
		     "Second, on its own line.",
		     CAP(B), WITH(ONE))
	EOF
	cat >api/config.def <<-'EOF'
		TEXT(listen, "listen", RESTART, "127.0.0.1:8080", "address")
		SECONDS(life, "token.life", RELOAD, 60, 1, 600, "life of a token")
		CHOICE(open, "groups.open", RELOAD, "anyone", "operators|anyone", "who may create")
	EOF
	echo 'KEY(API, "platform.api", URL, "", FLAG_API, "where the API is")' >src/cli/config.def
	echo 'FLAG(API, "api", 0, TAKES_TEXT, "URL", "", "where the API is")' >src/cli/flags.def
	printf 'iam.v2.groups.create groups_create\niam.v2.groups.delete groups_delete\n' >build/api/methods.txt
	printf '# not yet\niam.v2.groups.delete\n' >api/unimplemented.txt
	echo 'as ada groups_create {} -> OK' >tests/wire/groups
	printf "fuzz_targets = {\n  'uid': 'model_dep',\n}\n" >tests/fuzz/meson.build
	: >tests/fuzz/uid.c
	echo seed >tests/fuzz/corpus/uid/seed
}

# expect <text that must be said, empty for none> <what this is>
expect() {
	said=$(tools/check-tables build 2>&1) && ok=yes || ok=no
	wrong=no
	case "$1,$ok" in
	,yes) ;;
	,no | *,yes) wrong=yes ;;
	*) case "$said" in *"$1"*) ;; *) wrong=yes ;; esac ;;
	esac
	if [ $wrong = yes ]; then
		echo "not ok - $2: $said"
		failed=1
	else
		echo "ok - $2"
	fi
	fresh
}

fresh
expect "" "finished tables pass"
echo 'FAULT(ABSENT, "NOT_FOUND", 5, 404, false, "again")' >>api/faults.def
expect "fault ABSENT is used" "a fault twice"
echo 'FAULT(GONE, "NOT_FOUND", 6, 404, false, "gone")' >>api/faults.def
expect "gRPC code 6 is not NOT_FOUND" "a gRPC code and name that disagree"
echo 'FAULT(GONE, "NOT_FOUND", 5, 404, false, "")' >>api/faults.def
expect "has no text" "a fault without text"
echo '  CAP_C = 4 [(reeve.api.capability) = { bit: 255 name: "c" }];' >>api/capabilities.proto
expect "bit 255 is used" "a bit twice, over both files"
echo '  CAP_C = 3 [(reeve.api.capability) = { bit: 4 name: "c" }];' >>api/capabilities.proto
expect "number 3 is used" "a number twice"
echo '  CAP_C = 4 [(reeve.api.capability) = { bit: 256 name: "c" }];' >>api/capabilities.proto
expect "must be 0 to 255" "a bit that does not exist"
echo 'ROLE(THREE, "one", "Third.", CAP(A))' >>api/roles.def
expect "name one is used" "a role's name twice"
echo 'ROLE(THREE, "three", "Third.", CAP(MISSING))' >>api/roles.def
expect "CAP_MISSING does not exist" "a role with an unknown capability"
echo 'ROLE(THREE, "three", "Third.", WITH(FOUR))' >>api/roles.def
expect "no earlier row is called FOUR" "a role that includes a later one"
echo 'ROLE(THREE, "three", "", CAP(A))' >>api/roles.def
expect "role THREE has no description" "a role without description"
printf 'ROLE(THREE, "three",\n     CAP(A))\n' >>api/roles.def
expect "role THREE has no description" "a role without description, over two lines"
echo 'TEXT(more, "token-life", RESTART, "", "x")' >>api/config.def
expect "REEVE_TOKEN_LIFE is used" "two keys with one environment name"
echo 'NUMBER(more, "more", RELOAD, 0, 1, 5, "x")' >>api/config.def
expect "default 0 is outside 1 to 5" "a default below its bounds"
echo 'CHOICE(more, "more", RELOAD, "all", "some|none", "x")' >>api/config.def
expect "is none of some|none" "a default that is no choice"
echo 'TEXT(more, "More", RESTART, "", "x")' >>api/config.def
expect "is not lower-case words" "a key with capitals"
echo 'FLAG(more, "more", RELOAD, false, "")' >>api/config.def
expect "has no help" "a key without help"
echo 'FLAG(NEW, "new", 0, TAKES_BOOL, "", "", "")' >>src/cli/flags.def
expect "has no help" "a flag without help"
echo 'iam.v2.groups.paint' >>api/unimplemented.txt
expect "iam.v2.groups.paint is no method" "an unimplemented method that does not exist"
: >tests/wire/groups && echo 'as ada roles_list {}' >tests/wire/roles
expect "no script calls groups_create" "a method without a wire test"
: >tests/fuzz/more.c
expect "more.c: has no row" "a fuzz target without row"
rm tests/fuzz/corpus/uid/seed
expect "uid has no corpus" "a fuzz target without corpus"
rm tests/fuzz/uid.c
expect "uid has a row but no file" "a fuzz row without file"
exit $failed
