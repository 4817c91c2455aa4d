/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What `lince watch` prints of an event. */
#include "../suite.h"
#include "tool/watch_line.h"

#include <stdlib.h>
#include <string.h>

static void
set_quad (double quad[8], double x, double y)
{
  const double corners[8] = {x, y, x + 0.1, y, x + 0.1, y + 0.1, x, y + 0.1};

  memcpy (quad, corners, sizeof corners);
}

/* An object at the very edge stands at 0 %, not at -0 %. */
START_TEST (position)
{
  g_autoptr (GString) line = g_string_new (NULL);
  LinceEvent event;

  lince_event_init (&event, LINCE_EVENT_APPEARED);
  strcpy (event.stream, "one");
  strcpy (event.object, "bug");
  set_quad (event.quad, -0.052, 0.3);
  event.confidence = 0.9;
  event.area = 0.01;
  lince_watch_append_event (line, &event);
  ck_assert_msg (strstr (line->str, "bug  at 0 %, 35 %  area 1.0 %  confidence 0.90") != NULL, "%s",
      line->str);
}
END_TEST

/* What is not as in the picture is said, and nothing else. */
START_TEST (look)
{
  g_autoptr (GString) line = g_string_new (NULL);
  LinceEvent event;

  lince_event_init (&event, LINCE_EVENT_APPEARED);
  strcpy (event.stream, "one");
  strcpy (event.object, "bug");
  event.confidence = 0.9;
  event.look = (LinceEventLook){.opacity = 1, .blur = 0.1};
  lince_watch_append_event (line, &event);
  ck_assert_msg (g_str_has_suffix (line->str, "confidence 0.90"), "%s", line->str);
  g_string_truncate (line, 0);
  event.look = (LinceEventLook){.opacity = 0.4, .occluded = 0.25, .cut_off = 0.125, .blur = 1.5};
  lince_watch_append_event (line, &event);
  ck_assert_msg (
      g_str_has_suffix (line->str, "  opacity 0.40  occluded 25 %  cut off 12 %  blur 1.5 px"),
      "%s", line->str);
}
END_TEST

/* A name cannot steer the terminal. */
START_TEST (control_characters)
{
  g_autoptr (GString) line = g_string_new (NULL);
  LinceEvent event;

  lince_event_init (&event, LINCE_EVENT_VANISHED);
  strcpy (event.stream, "one");
  strcpy (event.object, "bug");
  strcpy (event.name, "a\033[2Jb");
  lince_watch_append_event (line, &event);
  ck_assert_msg (
      strchr (line->str, 033) == NULL && strstr (line->str, "[2Jb (bug)") != NULL, "%s", line->str);
}
END_TEST

int
main (void)
{
  Suite *suite = suite_create ("watch line");
  TCase *tcase = tcase_create ("watch line");

  tcase_add_test (tcase, position);
  tcase_add_test (tcase, look);
  tcase_add_test (tcase, control_characters);
  suite_add_tcase (suite, tcase);
  return run_suite (suite);
}
