// SPDX-License-Identifier: GPL-2.0-or-later
// The parser of the configuration: whatever it accepts, it prints so that it reads the same again.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/private.h"
#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_messages messages;
	struct config *first = conf_parse((const char *)data, size, &messages);

	if (!first != (messages.errors > 0))
		abort();
	conf_messages_free(&messages);
	if (!first)
		return 0;
	char *printed = conf_print(first, false);
	struct config *second = conf_parse(printed, strlen(printed), &messages);
	if (!second || messages.errors > 0) {
		fprintf(stderr, "%s\n%s\n", printed, messages.items[0].text);
		abort();
	}
	char *again = conf_print(second, false);
	if (strcmp(printed, again) != 0) {
		fprintf(stderr, "%s\n-- became --\n%s\n", printed, again);
		abort();
	}
	private_free(printed);
	private_free(again);
	conf_free(first);
	conf_free(second);
	conf_messages_free(&messages);
	return 0;
}
