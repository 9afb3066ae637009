-- A session is not bound to the audiences of its sign-in: clients ask for another one with the refresh token they have.

ALTER TABLE "families" DROP COLUMN "audiences";
