/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/later.h"

#include <string.h>

#include "daemon/reply.h"

typedef struct {
  const char *content_type;
  LincedLaterFunc work;
  gpointer data;
  GDestroyNotify destroy;
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;
  job->destroy (job->data);
  g_free (job);
}

static void
run_job (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Job *job = data;
  GError *error = NULL;
  char *text = job->work (job->data, &error);
  if (text)
    g_task_return_pointer (task, text, g_free);
  else
    g_task_return_error (task, error);
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer data)
{
  SoupServerMessage *message = SOUP_SERVER_MESSAGE (source);
  Job *job = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_task_propagate_pointer (G_TASK (result), &error);
  if (text) {
    gsize length = strlen (text);
    g_autoptr (GBytes) bytes = g_bytes_new_take (g_steal_pointer (&text), length);
    linced_reply_bytes (message, SOUP_STATUS_OK, job->content_type, bytes);
  } else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT)) {
    linced_reply_error (message, SOUP_STATUS_BAD_REQUEST, "bad-query", "%s", error->message);
  } else {
    g_warning ("a request cannot be answered: %s", error->message);
    linced_reply_error (
        message, SOUP_STATUS_INTERNAL_SERVER_ERROR, "failed", "The daemon cannot answer this now.");
  }
  soup_server_message_unpause (message);
}

void
linced_later_answer (SoupServerMessage *message, const char *content_type, LincedLaterFunc work,
    gpointer data, GDestroyNotify destroy)
{
  Job *job = g_new (Job, 1);
  *job = (Job){content_type, work, data, destroy};
  g_autoptr (GTask) task = g_task_new (message, NULL, on_done, NULL);
  g_task_set_task_data (task, job, job_free);
  soup_server_message_pause (message);
  g_task_run_in_thread (task, run_job);
}
