"""Two ways to write the same number, date or amount, and pairs that only look alike; by kind."""

SAME = {
    "spelled": [
        ("two thousand people", "2,000 people"), ("five hundred", "500"), ("one hundred and twenty", "120"),
        ("two hundred thousand", "200,000"), ("a thousand and one", "1001"), ("twenty-five", "25"),
        ("twenty five", "25"),        ("seven", "7"), ("a further seven", "7"), ("Two thousand", "2000"),
        ("ninety-nine", "99"), ("twelve", "12.0"),
        ("twelve hundred", "1,200"), ("seven, eight and nine", "7, 8 and 9"), ("two dozen eggs", "24 eggs"),
        ("a dozen", "12"), ("zero defects", "0 defects"), ("three hundred and five", "305"), ("thirty-one", "31"),
    ],
    "scales": [
        ("five million euros", "5,000,000 euros"), ("5 million euros", "5,000,000 euros"), ("2.5 million", "2500000"),
        ("1.2 billion", "1,200,000,000"), ("3 hundred", "300"), ("two trillion", "2,000,000,000,000"),
        ("$5m", "$5,000,000"), ("€2.5bn", "2.5 billion euros"), ("£40k", "£40,000"),
    ],
    "thousands": [
        ("1,200 people", "1200 people"), ("1.200.000 people", "1,200,000 people"), ("1.200,50", "1,200.50"),
        ("1\u202f200\u202f000", "1,200,000"), ("12 300 tonnes", "12,300 tonnes"), ("1'200'000", "1200000"),
        ("1\u00a0200", "1200"), ("10.000.000", "ten million"),
    ],
    "decimals": [
        ("three point five", "3.5"), ("3,5 metres", "3.5 metres"), ("3.50", "3.5"), (".5 litres", "0.5 litres"),
        ("0,75", "0.75"), ("12.0", "12"),
    ],
    "ranges": [
        ("10-20 people", "10 to 20 people"), ("10\u201320 people", "between 10 and 20 people"),
        ("ten to twelve", "10-12"),        ("5 to 10 %", "5\u201310 %"),
    ],
    "percent": [
        ("forty-two percent", "42 percent"), ("5%", "5 per cent"), ("5 %", "five percent"), ("0.5 %", "0.5 percent"),
        ("one hundred percent", "100%"),
    ],
    "ordinals": [
        ("the twenty-first", "the 21st"), ("the first ship", "the 1st ship"), ("the third floor", "the 3rd floor"),
        ("the second ship", "the 2nd ship"), ("It came first", "It came 1st"), ("the hundredth", "the 100th"),
        ("the twelfth", "the 12th"),
    ],
    "fractions": [
        ("half of them", "1/2 of them"), ("half of them", "\u00bd of them"), ("two thirds", "2/3"),
        ("two-thirds", "\u2154"),        ("a third of the staff", "1/3 of the staff"), ("three quarters", "3/4"),
        ("a quarter of it", "\u00bc of it"),
        ("two and a half", "2.5"), ("2\u00bd hours", "2.5 hours"), ("three fifths", "0.6"), ("one third", "1/3"),
    ],
    "negative": [
        ("minus five degrees", "-5 degrees"), ("minus 5 degrees", "\u22125 degrees"), ("negative 40", "-40"),
        ("five degrees below zero", "minus 5 degrees"), ("-\u20ac5", "minus \u20ac5"),
    ],
    "currencies": [
        ("\u20ac5", "five euros"), ("EUR 5", "5 euros"), ("$20", "20 dollars"), ("USD 1,000", "one thousand dollars"),
        ("\u20ac58.50", "58.5 euros"), ("\u00a55,000", "5000 yen"), ("GBP 64", "\u00a364"),
    ],
    "units": [
        ("5 km", "five kilometres"), ("5km", "5 kilometers"), ("300 MW", "300 megawatts"), ("4 GB", "4 gigabytes"),
        ("3 mg", "3 milligrams"), ("30 min", "thirty minutes"), ("9 \u00b0C", "9 degrees Celsius"),
        ("40 kB", "40 KB"),
        ("2.4 kg", "2.4 kilograms"), ("7 GHz", "7 gigahertz"), ("20 \u00b5m", "20 micrometres"), ("5 t", "5 tonnes"),
        ("8-hour shifts", "8 hours"), ("6 feet", "6 ft"),
    ],
    "dates": [
        ("9 June 2016", "2016-06-09"), ("9 June 2016", "June 9, 2016"), ("9 June 2016", "09.06.2016"),
        ("9 June 2016", "9/6/2016"), ("9 June 2016", "9th of June, 2016"), ("9 June 2016", "Jun 9, 2016"),
        ("9 June 2016", "the ninth of June 2016"), ("25 June 2016", "6/25/2016"), ("1 June", "the first of June"),
        ("9 to 11 June", "June 9\u201311"), ("9-11 June", "9 June to 11 June"), ("2016/06/09", "9 Jun. 2016"),
    ],
    "years": [
        ("nineteen ninety-nine", "1999"), ("twenty sixteen", "2016"), ("nineteen oh five", "1905"),
        ("two thousand and five", "2005"), ("nineteen hundred", "1900"), ("eighteen twelve", "1812"),
    ],
    "times": [
        ("2 pm", "14:00"), ("2:30 p.m.", "14:30"), ("02:00", "2:00"), ("10.30 am", "10:30"), ("12 am", "0:00"),
    ],
}  # fmt: skip
"""Each of a pair says what the other does."""

OTHER = {
    "spelled": [
        ("two thousand people", "2 people"), ("two hundred people", "two people"), ("five hundred", "5 of 100"),
        ("25", "twenty. Five more came"), ("a dozen", "10"),
    ],
    "scales": [
        ("five euros", "five million euros"), ("2 million", "2 thousand"), ("$5m", "$5"), ("2 million", "2"),
        ("1.5 billion", "1.5 million"),
    ],
    "thousands": [("1,200", "1.2"), ("1.200.000", "1.2"), ("12,300", "12 and 300"), ("1,200.50", "1,200")],
    "decimals": [("3.5", "35"), ("3,5", "35"), ("3.5", "3"), ("0.5", "5")],
    "ranges": [("10-20", "10 to 30"), ("-20", "10-20")],
    "percent": [("5 percent", "5 euros"), ("5 %", "0.5 %"), ("50 %", "50 km")],
    "ordinals": [
        ("the first ship", "the third ship"), ("the 3rd floor", "3 floors"), ("the twenty-first", "the 20th"),
        ("the second ship", "the first ship"),
    ],
    "fractions": [
        ("half of them", "two of them"), ("two thirds", "2 of them"), ("a quarter of it", "1/3 of it"),
        ("2\u00bd", "2"),
    ],
    "negative": [("5 degrees", "minus 5 degrees"), ("minus 5 degrees", "5 degrees"), ("-\u20ac5", "\u20ac5")],
    "currencies": [("\u20ac5", "$5"), ("5 euros", "5 dollars"), ("EUR 64", "\u00a364"), ("5,000 yen", "$5,000")],
    "units": [
        ("5 km", "5 m"), ("300 MW", "300 kW"), ("2 GB", "2 MB"), ("3 mg", "3 g"), ("9 \u00b0F", "9 \u00b0C"),
        ("30 minutes", "30 hours"), ("3 GHz", "3 MHz"), ("5 miles", "5 km"), ("3 nights", "3 days"),
    ],
    "dates": [
        ("2 June 2016", "9 June 2016"), ("9 July 2016", "9 June 2016"), ("9 June 2015", "9 June 2016"),
        ("2016-06-09", "2016-09-06"), ("June 2, 2016", "June 9, 2016"), ("the first of June", "9 June"),
    ],
    "years": [("nineteen ninety-nine", "19 of 99"), ("twenty sixteen", "2006"), ("1999", "nineteen ninety-eight")],
    "times": [("2 pm", "2 am"), ("14:30", "14:03"), ("2:30", "10:30")],
    "codes": [
        ("43481 parts", "PN-43481"), ("3 ships", "the S3"), ("version 3.2.10", "version 3.2.11"),
        ("19 cases", "COVID-19"),        ("3.2", "3.2.10"), ("747 seats", "a Boeing-747"),
    ],
}  # fmt: skip
"""What the first of a pair says does not follow from the second."""

NO_NUMBER = [
    "thousands of people",
    "No one came first",
    "S3",
    "PN-43481",
    "COVID-19",
    "v3.2",
    "one-way",
    "seconds",
    "may",
]
"""Texts that state no number, though some have digits."""
