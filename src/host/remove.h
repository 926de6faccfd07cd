/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Removes what is in the directory @dir, however deep somebody has made it, with few descriptors and no
 * recursion. Nothing outside is touched, whatever links there are. What cannot be removed stays. */
void vb_remove_below(int dir);
