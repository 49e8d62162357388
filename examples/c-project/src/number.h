#ifndef NUMBER_H
#define NUMBER_H

enum { NUMBER_SIZE = 40 };

/* The shortest decimal form that reads back as the same number. */
const char *number_format(double number, char buffer[NUMBER_SIZE]);
#endif
