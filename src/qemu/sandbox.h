/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The value of -sandbox for every emulator that we start, for whatever reason. */
#define VB_QEMU_SANDBOX "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
