// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/change.h"

#include <stdlib.h>

void ctl_change_free(struct ctl_change *change)
{
	conf_messages_free(&change->messages);
	free(change->text);
	change->text = NULL;
}
