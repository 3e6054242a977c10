"""A simulation's result for people: tables for workbook and Parquet, and one page with charts. Nothing is booked."""
