-- Names a registry may still hold images under, though what bore them is gone.

CREATE TABLE "freed_names" (
	"parent" BLOB NOT NULL, -- goes with the group it names
	"name" TEXT NOT NULL,
	"holder" BLOB NOT NULL,
	"freed_us" INTEGER NOT NULL,
	PRIMARY KEY ("parent", "name")
) STRICT, WITHOUT ROWID;
