"""Bytes over a network. Nothing here knows models.

protocols     what a platform provides: Fetch, Store, Body; progress
small_files   small files whole, and whether a file is there
remote_file   one file on its server: whole, in parts, or its size
responses     a server's answer, judged before its body is read
ranges        the chunks of a file; Content-Range
retry         how often, how long to wait, when silence is a failure
integrity     size and hash of what came
progress      bytes of each file and in total, rate and time left
tasks         several tasks at once; those that outlive a program
file_entry    size and hashes of a file, known beforehand
file_names    names of files in messages and in folders
untrusted     what others wrote: JSON, numbers, names
waiting       results without await
"""
