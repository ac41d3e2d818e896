// SPDX-License-Identifier: GPL-2.0-or-later
/// What a timer of the node's queue belongs to: timer.kind.
#pragma once

enum timer_kind {
	TIMER_BINDING,
	TIMER_NHS,
	TIMER_RESOLUTION,
	TIMER_SHORTCUT,
	TIMER_REQUESTER,
	TIMER_PROTECT,
};
