# cmake -DIN=file -DOUT=file.cpp -P embed.cmake: the dictionary as an array.
file(READ "${IN}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," body "${hex}")
string(REGEX REPLACE "(('\\\\x[0-9a-f][0-9a-f]',)('\\\\x[0-9a-f][0-9a-f]',)('\\\\x[0-9a-f][0-9a-f]',)('\\\\x[0-9a-f][0-9a-f]',)('\\\\x[0-9a-f][0-9a-f]',)('\\\\x[0-9a-f][0-9a-f]',)('\\\\x[0-9a-f][0-9a-f]',)('\\\\x[0-9a-f][0-9a-f]',))" "\\1\n" body "${body}")
file(WRITE "${OUT}" "#include <cstddef>\nnamespace codelength {\nextern const char words_text[];\nextern const std::size_t words_size;\nconst char words_text[] = {\n${body}\n};\nconst std::size_t words_size = sizeof(words_text);\n}\n")
