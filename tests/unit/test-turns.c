/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose turn it is. Items are texts: a user's letter and a number. */
#include <glib.h>
#include <limits.h>

#include "bus/turns.h"

enum { ALICE = 1000, BOB, CAROL };

static void test_users_are_served_in_turn(void)
{
        g_autoptr(VbTurns) turns = vb_turns_new(2, UINT_MAX);

        g_assert_true(vb_turns_enter(turns, ALICE, "a1"));
        g_assert_true(vb_turns_enter(turns, ALICE, "a2"));
        g_assert_false(vb_turns_enter(turns, ALICE, "a3"));
        g_assert_false(vb_turns_enter(turns, ALICE, "a4"));
        g_assert_false(vb_turns_enter(turns, ALICE, "a5"));
        g_assert_false(vb_turns_enter(turns, BOB, "b1"));
        g_assert_false(vb_turns_enter(turns, BOB, "b2"));
        g_assert_false(vb_turns_enter(turns, CAROL, "c1"));
        g_assert_cmpstr(vb_turns_leave(turns, ALICE), ==, "a3");
        g_assert_cmpstr(vb_turns_leave(turns, ALICE), ==, "b1");
        g_assert_cmpstr(vb_turns_leave(turns, BOB), ==, "c1");
        g_assert_cmpstr(vb_turns_leave(turns, ALICE), ==, "a4");
        g_assert_cmpstr(vb_turns_leave(turns, CAROL), ==, "b2");
        g_assert_cmpstr(vb_turns_leave(turns, BOB), ==, "a5");
        g_assert_cmpstr(vb_turns_leave(turns, ALICE), ==, NULL);
        g_assert_true(vb_turns_enter(turns, BOB, "b3"));
        g_assert_cmpstr(vb_turns_leave(turns, ALICE), ==, NULL);
        g_assert_cmpstr(vb_turns_leave(turns, BOB), ==, NULL);
}

/* Whoever has all that one may have is passed over. */
static void test_a_user_has_only_so_many_places(void)
{
        g_autoptr(VbTurns) turns = vb_turns_new(UINT_MAX, 1);

        g_assert_true(vb_turns_enter(turns, ALICE, "a1"));
        g_assert_false(vb_turns_enter(turns, ALICE, "a2"));
        g_assert_true(vb_turns_enter(turns, BOB, "b1"));
        g_assert_false(vb_turns_enter(turns, BOB, "b2"));
        g_assert_cmpstr(vb_turns_leave(turns, BOB), ==, "b2");
        g_assert_cmpstr(vb_turns_leave(turns, BOB), ==, NULL);
        g_assert_cmpstr(vb_turns_leave(turns, ALICE), ==, "a2");
        g_assert_cmpstr(vb_turns_leave(turns, ALICE), ==, NULL);
}

static void test_who_waits_may_go(void)
{
        g_autoptr(VbTurns) turns = vb_turns_new(1, UINT_MAX);
        char first[] = "b1", second[] = "a2";

        g_assert_true(vb_turns_enter(turns, ALICE, "a1"));
        g_assert_false(vb_turns_enter(turns, BOB, first));
        g_assert_false(vb_turns_enter(turns, ALICE, second));
        g_assert_false(vb_turns_enter(turns, ALICE, "a3"));
        vb_turns_remove(turns, BOB, first);
        vb_turns_remove(turns, ALICE, second);
        g_assert_cmpstr(vb_turns_leave(turns, ALICE), ==, "a3");
        g_assert_cmpstr(vb_turns_leave(turns, ALICE), ==, NULL);
        g_assert_true(vb_turns_enter(turns, BOB, first));
        g_assert_cmpstr(vb_turns_leave(turns, BOB), ==, NULL);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/turns/users-are-served-in-turn", test_users_are_served_in_turn);
        g_test_add_func("/turns/a-user-has-only-so-many-places", test_a_user_has_only_so_many_places);
        g_test_add_func("/turns/who-waits-may-go", test_who_waits_may_go);
        return g_test_run();
}
