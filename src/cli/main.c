/*
 * main: the program `reeve`, also run as `docker-credential-reeve`.
 */
#include "cli/cli.h"

int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
