package torchfile

import "strings"

// library has the top modules of Python's own library, as sys.stdlib_module_names
// lists them for versions 3.8 to 3.14; what pickle takes for them in files of
// Python 2; and pip and setuptools, which come with Python.
var library = func() map[string]bool {
	m := make(map[string]bool)
	for name := range strings.FieldsSeq(libraryNames) {
		m[name] = true
	}
	return m
}()

const libraryNames = `
BaseHTTPServer CGIHTTPServer ConfigParser Cookie Dialog DocXMLRPCServer HTMLParser Queue ScrolledText
SimpleHTTPServer SimpleXMLRPCServer SocketServer StringIO Tix Tkconstants Tkdnd Tkinter UserDict UserList
UserString abc aifc annotationlib antigravity anydbm argparse array ast asynchat asyncio asyncore atexit
audioop base64 bdb binascii binhex bisect builtins bz2 cPickle cProfile cStringIO calendar cgi cgitb chunk
cmath cmd code codecs codeop collections colorsys commands compileall compression concurrent configparser
contextlib contextvars cookielib copy copy_reg copyreg crypt csv ctypes curses dataclasses datetime dbhash dbm
decimal difflib dis distutils doctest dumbdbm dummy_thread dummy_threading email encodings ensurepip enum
errno exceptions faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc gdbm genericpath
getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac html htmlentitydefs http httplib idlelib
imaplib imghdr imp importlib inspect io ipaddress itertools json keyword lib2to3 linecache locale logging lzma
macpath mailbox mailcap marshal math mimetypes mmap modulefinder msilib msvcrt multiprocessing netrc nis
nntplib nt ntpath nturl2path numbers opcode operator optparse os ossaudiodev pathlib pdb pickle pickletools
pip pipes pkg_resources pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd
py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline repr reprlib resource rlcompleter
robotparser runpy sched secrets select selectors setuptools shelve shlex shutil signal site smtpd smtplib
sndhdr socket socketserver spwd sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string
stringprep struct subprocess sunau symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios
textwrap this thread threading time timeit tkColorChooser tkCommonDialog tkFileDialog tkFont tkMessageBox
tkSimpleDialog tkinter token tokenize tomllib trace traceback tracemalloc ttk tty turtle turtledemo types
typing unicodedata unittest urllib urllib2 urlparse uu uuid venv warnings wave weakref webbrowser whichdb
winreg winsound wsgiref xdrlib xml xmlrpc xmlrpclib zipapp zipfile zipimport zlib zoneinfo`
