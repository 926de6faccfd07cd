/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "domain/service.h"

/* After the host went down under guests of root's: takes back what definitions say was lent to them, before
 * their users are given to others: the files, and what they keep. Done by the first run of the service in the
 * life of the runtime directory, when it knows which guests run. @done comes once, at once or later. */
void vb_lent_take_back(VbService *service, void (*done)(void *userdata), void *userdata);
