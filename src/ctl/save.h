// SPDX-License-Identifier: GPL-2.0-or-later
/// `write memory`: what runs becomes the file that the daemon starts with.
#pragma once

#include "base/attr.h"
#include "base/err.h"

struct config;

/// Writes the configuration with its secrets to `path` in one step, with the owner and mode of the file
/// there; that one stays as `path`.bak. Where it is there already, nothing is written. False and `err` where
/// it cannot.
bool save_config(const struct config *config, const char *path, struct err *err) MUST_CHECK;
