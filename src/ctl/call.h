// SPDX-License-Identifier: GPL-2.0-or-later
/// One call of an operator's command.
#pragma once

#include "base/err.h"

struct ctl_context;
struct ctl_session;

struct ctl_call {
	struct ctl_context *context;
	struct ctl_session *session;
	int option;           ///< exec_command.option
	const char *argument; ///< what was typed for the word in capitals; NULL: there is none
	struct err *err;
};
