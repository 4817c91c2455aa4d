/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/process.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_MS 250

struct _LincedProcess {
  int pid;
  guint64 start_time; /* /proc/PID/stat, field 22: tells a process from a later one of its number */
  gboolean child;
  char *pid_file;
  LincedProcessFunc ended;
  gpointer data;
  guint watch_source, signal_source;
};

/* 0 where there is no such process (or it is a zombie). */
static guint64
read_start_time (int pid)
{
  char path[64], text[1024];
  g_snprintf (path, sizeof path, "/proc/%d/stat", pid);
  FILE *file = fopen (path, "re");
  if (!file)
    return 0;
  gsize length = fread (text, 1, sizeof text - 1, file);
  fclose (file);
  text[length] = '\0';
  /* the name in parentheses may hold anything */
  char *end = strrchr (text, ')');
  g_auto (GStrv) fields = end ? g_strsplit (end + 1, " ", 32) : NULL;
  if (!fields || g_strv_length (fields) < 21 || *fields[1] == 'Z')
    return 0;
  return g_ascii_strtoull (fields[20], NULL, 10);
}

static void
note (LincedProcess *self)
{
  g_autofree char *text =
      g_strdup_printf ("%d %" G_GUINT64_FORMAT "\n", self->pid, self->start_time);
  g_autofree char *folder = g_path_get_dirname (self->pid_file);
  g_autoptr (GError) error = NULL;
  g_mkdir_with_parents (folder, 0700);
  if (!g_file_set_contents (self->pid_file, text, -1, &error))
    g_warning ("%s: %s", self->pid_file, error->message);
}

static LincedProcess *
new_process (int pid, gboolean child, const char *pid_file, LincedProcessFunc ended, gpointer data)
{
  LincedProcess *self = g_new0 (LincedProcess, 1);
  self->pid = pid;
  self->child = child;
  self->start_time = read_start_time (pid);
  self->pid_file = g_strdup (pid_file);
  self->ended = ended;
  self->data = data;
  return self;
}

static void
finish (LincedProcess *self, int status)
{
  g_clear_handle_id (&self->signal_source, g_source_remove);
  unlink (self->pid_file);
  self->ended (self, status, self->data);
}

static void
on_child_ended (GPid pid, int status, gpointer data)
{
  LincedProcess *self = data;
  self->watch_source = 0;
  finish (self, status);
}

static gboolean
on_poll (gpointer data)
{
  LincedProcess *self = data;
  if (read_start_time (self->pid) == self->start_time)
    return G_SOURCE_CONTINUE;
  self->watch_source = 0;
  finish (self, -1);
  return G_SOURCE_REMOVE;
}

/* In the child, before exec: only what may follow a fork. */
static void
setup_child (gpointer data)
{
  const struct rlimit *files = data;
  setsid ();
  signal (SIGPIPE, SIG_DFL);
  signal (SIGXFSZ, SIG_DFL);
  dup2 (STDERR_FILENO, STDOUT_FILENO);
  setrlimit (RLIMIT_NOFILE, files);
}

LincedProcess *
linced_process_spawn (char **argv, char **environment, const char *pid_file,
    LincedProcessFunc ended, gpointer data, GError **error)
{
  GPid pid;
  struct rlimit files;
  /* the daemon raised its own limit; programs that use select() need the usual one */
  getrlimit (RLIMIT_NOFILE, &files);
  files.rlim_cur = MIN (files.rlim_max, 1024);
  if (!g_spawn_async (
          NULL, argv, environment, G_SPAWN_DO_NOT_REAP_CHILD, setup_child, &files, &pid, error))
    return NULL;
  LincedProcess *self = new_process (pid, TRUE, pid_file, ended, data);
  self->watch_source = g_child_watch_add (pid, on_child_ended, self);
  note (self);
  return self;
}

LincedProcess *
linced_process_adopt_pid (int pid, const char *pid_file, LincedProcessFunc ended, gpointer data)
{
  LincedProcess *self = new_process (pid, FALSE, pid_file, ended, data);
  self->watch_source = g_timeout_add (POLL_MS, on_poll, self);
  note (self);
  return self;
}

LincedProcess *
linced_process_adopt (const char *pid_file, LincedProcessFunc ended, gpointer data)
{
  g_autofree char *text = NULL;
  int pid;
  guint64 start_time;
  if (!g_file_get_contents (pid_file, &text, NULL, NULL) ||
      sscanf (text, "%d %" G_GUINT64_FORMAT, &pid, &start_time) != 2 || pid <= 1 ||
      start_time == 0 || read_start_time (pid) != start_time)
    return NULL;
  return linced_process_adopt_pid (pid, pid_file, ended, data);
}

void
linced_process_free (LincedProcess *self)
{
  if (!self)
    return;
  g_clear_handle_id (&self->watch_source, g_source_remove);
  g_clear_handle_id (&self->signal_source, g_source_remove);
  g_free (self->pid_file);
  g_free (self);
}

int
linced_process_pid (const LincedProcess *self)
{
  return self->pid;
}

/* Never another process that has got its number meanwhile: a child keeps its number until waited
 * for, others are told apart by their start. */
static void
send_signal (LincedProcess *self, int number)
{
  if (self->watch_source == 0)
    return;
  if (self->child || read_start_time (self->pid) == self->start_time)
    kill (self->pid, number);
}

void
linced_process_kill (LincedProcess *self)
{
  send_signal (self, SIGKILL);
}

static gboolean
on_kill (gpointer data)
{
  LincedProcess *self = data;
  self->signal_source = 0;
  g_warning ("process %d did not end on SIGTERM and is killed", self->pid);
  send_signal (self, SIGKILL);
  return G_SOURCE_REMOVE;
}

void
linced_process_terminate (LincedProcess *self)
{
  g_clear_handle_id (&self->signal_source, g_source_remove);
  send_signal (self, SIGTERM);
  self->signal_source = g_timeout_add (LINCED_PROCESS_TERM_MS, on_kill, self);
}

static gboolean
on_terminate (gpointer data)
{
  LincedProcess *self = data;
  self->signal_source = 0;
  linced_process_terminate (self);
  return G_SOURCE_REMOVE;
}

void
linced_process_end (LincedProcess *self)
{
  if (self->signal_source == 0)
    self->signal_source = g_timeout_add (LINCED_PROCESS_TERM_MS, on_terminate, self);
}

char *
linced_process_describe_status (int status)
{
  if (status == -1)
    return g_strdup ("ended");
  if (WIFSIGNALED (status))
    return g_strdup_printf (
        "was killed by signal %d (%s)", WTERMSIG (status), g_strsignal (WTERMSIG (status)));
  return g_strdup_printf ("ended with code %d", WEXITSTATUS (status));
}
