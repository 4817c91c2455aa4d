/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <zstd.h>

#include "store/log_file.h"
#include "store/log_reader.h"
#include "store/log_sync.h"

#define COMPRESSION_LEVEL 6

static gboolean
fail (GError **error, const char *path)
{
  g_set_error (
      error, LINCE_LOG_ERROR_DOMAIN, LINCE_LOG_ERROR_IO, "%s: %s", path, g_strerror (errno));
  return FALSE;
}

static gboolean
compress_stream (int from, int to, ZSTD_CCtx *context)
{
  gsize in_size = ZSTD_CStreamInSize (), out_size = ZSTD_CStreamOutSize ();
  g_autofree char *in_bytes = g_malloc (in_size);
  g_autofree char *out_bytes = g_malloc (out_size);
  gssize got;

  do {
    got = read (from, in_bytes, in_size);
    if (got < 0)
      return FALSE;
    ZSTD_inBuffer in = {in_bytes, (gsize) got, 0};
    gsize left;
    do {
      ZSTD_outBuffer out = {out_bytes, out_size, 0};
      left = ZSTD_compressStream2 (context, &out, &in, got == 0 ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError (left)) {
        errno = EIO;
        return FALSE;
      }
      if (!lince_write_all (to, out_bytes, out.pos))
        return FALSE;
    } while (got == 0 ? left > 0 : in.pos < in.size);
  } while (got > 0);
  return TRUE;
}

static gboolean
compress_file (const char *plain, const char *made, GError **error)
{
  int from = open (plain, O_RDONLY | O_CLOEXEC);
  if (from < 0)
    return fail (error, plain);
  int to = open (made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (to < 0) {
    fail (error, made);
    close (from);
    return FALSE;
  }
  ZSTD_CCtx *context = ZSTD_createCCtx ();
  ZSTD_CCtx_setParameter (context, ZSTD_c_compressionLevel, COMPRESSION_LEVEL);
  ZSTD_CCtx_setParameter (context, ZSTD_c_checksumFlag, 1);
  gboolean done = compress_stream (from, to, context) && fsync (to) == 0;
  if (!done)
    fail (error, made);
  ZSTD_freeCCtx (context);
  close (from);
  close (to);
  return done;
}

gboolean
lince_log_compress (const char *directory, guint64 first, GError **error)
{
  g_autofree char *plain = lince_log_segment_path (directory, first);
  g_autofree char *archive = lince_log_archive_path (directory, first);
  g_autofree char *made = g_strconcat (archive, ".new", NULL);

  if (!compress_file (plain, made, error)) {
    unlink (made);
    return FALSE;
  }
  if (rename (made, archive) < 0) {
    fail (error, archive);
    unlink (made);
    return FALSE;
  }
  /* the name must last before the segment goes */
  if (!lince_sync_directory (directory))
    return fail (error, directory);
  if (unlink (plain) < 0)
    return fail (error, plain);
  return TRUE;
}
