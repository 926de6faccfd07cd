/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "conf/machine-facts.h"
#include "qemu/board-tree.h"

/* Sets what no question to QEMU brings to light, by what the board turned out to be made of. */
void vb_board_exceptions_apply(VbMachineFacts *facts, const VbTree *tree);
